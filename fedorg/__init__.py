"""The node: one running fedorg of one department or one partner."""

"""The protocol of the Fediverse as a library: values and bytes. No database, no web framework, no fedorg."""

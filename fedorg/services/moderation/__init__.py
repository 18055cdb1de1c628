"""What those who look after a node do: to accounts, reports and servers. Each act is a line in the audit log."""

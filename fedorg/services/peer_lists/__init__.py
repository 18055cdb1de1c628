"""Lists of servers, written to files and read from them: in Mastodon's CSV, and in JSON that holds everything."""

from fedorg.services.peer_lists.exporting import export_csv, export_json
from fedorg.services.peer_lists.importing import import_list
from fedorg.services.peer_lists.reading import KindNotSaid, read_list

__all__ = ["KindNotSaid", "export_csv", "export_json", "import_list", "read_list"]

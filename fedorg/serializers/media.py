"""MediaAttachment entities. Spec: Mastodon API, entities/MediaAttachment."""

from typing import Final, TypedDict

from fedorg.domain.media import Playback
from fedorg.domain.statuses import Dimensions, MediaAttachment, MediaType
from fedorg.uris import Uris

# A film or a sound is no picture of itself.
_PLAYED: Final = (MediaType.VIDEO, MediaType.GIFV, MediaType.AUDIO)


class MediaEntity(TypedDict):
    """Mastodon's MediaAttachment."""

    id: str
    type: str
    url: str | None
    preview_url: str | None
    remote_url: str | None
    preview_remote_url: str | None
    text_url: str | None
    meta: dict[str, object]
    description: str | None
    blurhash: str | None


def media_entity(media: MediaAttachment, uris: Uris) -> MediaEntity:
    """An attachment of this node by its file, one of a peer by its address there."""
    own = uris.media(media.file) if media.file else None
    preview = uris.media(media.preview) if media.preview else None
    url = own or media.remote_url
    return {
        "id": str(media.id),
        "type": media.type,
        "url": url,
        "preview_url": preview or media.remote_preview_url or (None if media.type in _PLAYED else media.remote_url),
        "remote_url": media.remote_url,
        "preview_remote_url": media.remote_preview_url,
        "text_url": None,
        "meta": _meta(media),
        "description": media.description or None,
        "blurhash": media.blurhash,
    }


def _meta(media: MediaAttachment) -> dict[str, object]:
    meta: dict[str, object] = {}
    if media.playback is not None:
        meta |= _summary(media, media.playback) | {"original": _original(media.original, media.playback)}
    elif media.original is not None:
        meta["original"] = _details(media.original)
    if media.small is not None:
        meta["small"] = _details(media.small)
    if media.focus is not None:
        meta["focus"] = {"x": media.focus[0], "y": media.focus[1]}
    return meta


def _summary(media: MediaAttachment, playback: Playback) -> dict[str, object]:
    meta: dict[str, object] = {"length": _length(playback.seconds), "duration": playback.seconds}
    if playback.frame_rate is not None:
        meta["fps"] = _per_second(playback.frame_rate)
    if media.original is not None:
        meta |= _details(media.original)
    if playback.audio_codec is not None and media.type is not MediaType.GIFV:
        meta["audio_encode"] = playback.audio_codec
        meta["audio_bitrate"] = f"{playback.audio_bitrate // 1000} kb/s"
        meta["audio_channels"] = playback.audio_channels
    return meta


def _original(size: Dimensions | None, playback: Playback) -> dict[str, object]:
    sized: dict[str, object] = {} if size is None else {"width": size.width, "height": size.height}
    rated: dict[str, object] = {} if playback.frame_rate is None else {"frame_rate": playback.frame_rate}
    # Of a file of a peer only the length is known.
    loaded: dict[str, object] = {"bitrate": playback.bitrate} if playback.bitrate else {}
    return sized | rated | {"duration": playback.seconds} | loaded


def _per_second(rate: str) -> int:
    number, _, share = rate.partition("/")
    return round(int(number) / int(share))


def _length(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:05.2f}"


def _details(size: Dimensions) -> dict[str, object]:
    return {
        "width": size.width,
        "height": size.height,
        "size": f"{size.width}x{size.height}",
        "aspect": size.width / size.height if size.height else 0.0,
    }

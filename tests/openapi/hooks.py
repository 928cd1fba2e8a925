"""Tells schemathesis how bodies of the media types that it does not know are sent: as the text or bytes they are."""

import schemathesis

MEDIA_TYPES = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.arrow.file",
]


@schemathesis.serializer(*MEDIA_TYPES)
def as_it_is(context, value):
    if isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "surrogatepass")

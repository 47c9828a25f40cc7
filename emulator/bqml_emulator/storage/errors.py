"""What Cloud Storage answers when it does not do what it was asked, in Google's shape.

Reasons: https://docs.cloud.google.com/storage/docs/json_api/v1/status-codes (2026-11-26); of 507 ours.
"""

REASONS = {
    304: "notModified",
    400: "invalid",
    403: "forbidden",
    404: "notFound",
    405: "methodNotAllowed",
    409: "conflict",
    410: "gone",
    412: "conditionNotMet",
    416: "requestedRangeNotSatisfiable",
    500: "internalError",
    501: "notImplemented",
    503: "backendError",
    507: "diskFull",
}


class StorageError(Exception):
    """A request that is refused: HTTP status and text."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code, self.message = code, message

    def response(self) -> dict:
        """The body of the answer."""
        detail = {"message": self.message, "domain": "global", "reason": REASONS[self.code]}
        return {"error": {"code": self.code, "message": self.message, "errors": [detail]}}


def not_found(what: str) -> StorageError:
    """404 of an object or a bucket."""
    return StorageError(404, f"Not found: {what}")


def not_emulated(what: str) -> StorageError:
    """501: nobody has built it, and nothing happens in silence instead."""
    return StorageError(501, f"not emulated: {what}")

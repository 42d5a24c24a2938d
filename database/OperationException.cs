namespace Broadcast.Database;

/// <summary>Category of a <see cref="OperationException"/>.</summary>
public enum OperationErrorCode
{
    /// <summary>The request contains invalid values; <see cref="OperationException.ValidationErrors"/> lists each.</summary>
    Invalid,

    /// <summary>The named object does not exist.</summary>
    NotFound,

    /// <summary>The request conflicts with existing state, such as a name in use.</summary>
    Conflict,

    /// <summary>The object changed since the caller read it; nothing was changed.</summary>
    Stale,

    /// <summary>The request is not permitted, for example because of an invalid setup code.</summary>
    Denied,

    /// <summary>Too many attempts; try again later.</summary>
    TooManyAttempts,

    /// <summary>The database is unavailable; the same request may succeed later.</summary>
    Unavailable,

    /// <summary>The server that owns a channel's session does not answer; the same request may succeed later.</summary>
    OwnerUnavailable,

    /// <summary>
    /// The installation is unusable: PostgreSQL is not installed, or the schema is newer than the program. Retrying does not help.
    /// </summary>
    Broken,
}

/// <summary>One validation error of a request.</summary>
/// <param name="Member">Member that the error concerns, as named in the API.</param>
/// <param name="Message">Description of the error and of a valid value.</param>
public sealed record ValidationError(string Member, string Message);

/// <summary>Failure of a requested operation. The message says what to do and contains no secret.</summary>
public sealed class OperationException : Exception
{
    /// <summary>Creates an exception for one problem.</summary>
    public OperationException(OperationErrorCode code, string message, Exception? inner = null) : base(message, inner)
    {
        Code = code;
        ValidationErrors = [];
    }

    /// <summary>Creates an exception for invalid values, listing all of them.</summary>
    public OperationException(IReadOnlyList<ValidationError> validationErrors)
        : base(string.Join(" ", validationErrors.Select(m => m.Message)))
    {
        Code = OperationErrorCode.Invalid;
        ValidationErrors = validationErrors;
    }

    /// <summary>Category of the problem.</summary>
    public OperationErrorCode Code { get; }

    /// <summary>Time after which the same request may succeed; <see langword="null"/> if unknown.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Member with which the request would succeed, as named in the API; <see langword="null"/> for none.</summary>
    public string? Needs { get; init; }

    /// <summary>Validation errors of an invalid request; empty for other codes.</summary>
    public IReadOnlyList<ValidationError> ValidationErrors { get; }

    /// <summary>Creates the exception for a channel that does not exist.</summary>
    public static OperationException NoChannel(string name) =>
        new(OperationErrorCode.NotFound, $"There is no channel '{name}'. 'broadcast channel list' shows all channels.");
}

using Broadcast.Database;
namespace Broadcast.Control.Slates;

/// <summary>
/// Limit of concurrent slate downloads. A download occupies memory for the whole slate until the client has read it. Further downloads are
/// rejected before the slate is read from the database.
/// </summary>
internal sealed class SlateDownloads
{
    /// <summary>Maximum downloads of all callers.</summary>
    public const int MaxConcurrent = 4;

    /// <summary>Maximum time in which a client must read the slate, so that slow clients do not keep the others out.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    /// <summary>Time after which a rejected caller may try again.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly CallerSlots _slots = new(MaxConcurrent);

    /// <summary>Starts a download.</summary>
    /// <param name="caller">Caller of the request; each may download one slate at a time.</param>
    /// <returns>The download, which ends with its disposal.</returns>
    /// <exception cref="OperationException">
    /// <see cref="OperationErrorCode.TooManyAttempts"/>: too many downloads are in progress.
    /// </exception>
    public IDisposable Start(string caller) => _slots.TryEnter(caller, out var isCallerBusy)
        ?? throw new OperationException(OperationErrorCode.TooManyAttempts, isCallerBusy
            ? "You are already downloading a slate. Wait until it has been sent."
            : $"The server is already sending {MaxConcurrent} slates. Wait the number of seconds in 'Retry-After'.")
        {
            RetryAfter = RetryDelay,
        };
}

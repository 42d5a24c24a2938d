using System.Diagnostics.Metrics;
using Broadcast.Database;
using Broadcast.Media;

namespace Broadcast.Control.Slates;

/// <summary>
/// Limit of concurrent slate uploads. An upload occupies memory for its body, and its check occupies a processor, so both count. Further
/// uploads are rejected before their body is read, because waiting ones would occupy connections.
/// </summary>
internal sealed class SlateUploads
{
    /// <summary>Maximum uploads of all callers.</summary>
    public const int MaxConcurrent = 2;

    /// <summary>Maximum time in which the body must arrive, so that slow senders do not keep the others out.</summary>
    public static readonly TimeSpan BodyTimeout = TimeSpan.FromMinutes(1);

    /// <summary>Time after which a rejected caller may try again. A check takes a second or two.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(3);

    private static readonly Counter<long> Rejections = Telemetry.Meter.CreateCounter<long>(
        "broadcast_slate_upload_rejections_total", description: "Rejected slate uploads, by reason.");

    private readonly CallerSlots _slots = new(MaxConcurrent);

    /// <summary>Starts an upload.</summary>
    /// <param name="caller">Caller of the request; each may upload one slate at a time.</param>
    /// <returns>The upload, which ends with its disposal.</returns>
    /// <exception cref="OperationException"><see cref="OperationErrorCode.TooManyAttempts"/>: too many uploads are in progress.</exception>
    public IDisposable Start(string caller) => _slots.TryEnter(caller, out var isCallerBusy)
        ?? throw (isCallerBusy
            ? Rejected("caller_busy", "You are already uploading a slate. Wait until it has been checked.")
            : Rejected("server_busy",
                $"The server is already checking {MaxConcurrent} slates. Wait the number of seconds in 'Retry-After'."));

    /// <summary>Counts a rejected upload.</summary>
    /// <param name="reason"><c>caller_busy</c>, <c>server_busy</c>, <c>too_large</c>, <c>too_slow</c>, <c>incomplete</c> or
    /// <c>invalid</c>.</param>
    public static void CountRejection(string reason) => Rejections.Add(1, new KeyValuePair<string, object?>("reason", reason));

    private static OperationException Rejected(string reason, string message)
    {
        CountRejection(reason);
        return new OperationException(OperationErrorCode.TooManyAttempts, message) { RetryAfter = RetryDelay };
    }
}

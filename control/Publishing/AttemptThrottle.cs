using System.Net;
using Broadcast.Control.Identity;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Publishing;

/// <summary>
/// Counts failures by address in windows of one minute, for wrong setup codes. The counts are in memory, unlike failed logins
/// (<see cref="LoginAttempts"/>): a code has 100 random bits, so restarts do not help guessing, and codes exist only until there is an
/// admin.
/// </summary>
internal sealed class AttemptThrottle(IOptions<ControlOptions> options, TimeProvider time)
{
    private readonly FailureCounter _counts = new(time);

    /// <summary>Returns whether the address has reached the limit.</summary>
    public bool IsLimitReached(EndPoint? remote) => _counts.CountOf(NetworkOf(remote)?.ToString()) >= options.Value.AttemptsPerMinute;

    /// <summary>Counts a failure.</summary>
    public void RecordFailure(EndPoint? remote) => _counts.Add(NetworkOf(remote)?.ToString());

    // A subscriber has a whole IPv6 /64, so that counts as one address.
    internal static IPAddress? NetworkOf(EndPoint? remote) => ClientNetwork.Of(remote);
}

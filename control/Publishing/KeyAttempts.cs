using System.Net;
using Broadcast.Control.Identity;
using Broadcast.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Broadcast.Control.Publishing;

/// <summary>
/// Counts wrong keys and names in three ways. One value repeated from one address (an encoder with an old key) is rejected without a lookup
/// after <see cref="ControlOptions.AttemptsPerMinute"/>, without affecting other values from there. Ten times as many of any value from one
/// address, or of one key from all addresses, count as guessing; then only cached keys are checked. The counts are in memory, unlike failed
/// logins (<see cref="LoginAttempts"/>): encoders are admitted while the database is unavailable, the counts keep floods away from it, and
/// a key has 160 random bits, so several processes or restarts do not help guessing.
/// </summary>
internal sealed class KeyAttempts(IOptions<ControlOptions> options, [FromKeyedServices(CalendarClock.Key)] TimeProvider time)
{
    private const int GuessingFactor = 10;
    private readonly FailureCounter _counts = new(time);

    /// <summary>Returns whether a limit is reached.</summary>
    /// <param name="remote">Remote address.</param>
    /// <param name="subject">Value tried: a key id or the hash of a name, never a secret.</param>
    public bool IsLimitReached(EndPoint? remote, string subject)
    {
        var limit = options.Value.AttemptsPerMinute;
        return _counts.CountOf(PairKey(remote, subject)) >= limit || _counts.CountOf(AddressKey(remote)) >= limit * GuessingFactor
            || _counts.CountOf(SubjectKey(subject)) >= limit * GuessingFactor;
    }

    /// <summary>Counts a failure.</summary>
    public void RecordFailure(EndPoint? remote, string subject)
    {
        _counts.Add(PairKey(remote, subject));
        _counts.Add(AddressKey(remote));
        _counts.Add(SubjectKey(subject));
    }

    private static string? PairKey(EndPoint? remote, string subject) =>
        AttemptThrottle.NetworkOf(remote) is { } network ? $"{network} {subject}" : null;

    private static string? AddressKey(EndPoint? remote) => AttemptThrottle.NetworkOf(remote)?.ToString();

    private static string SubjectKey(string subject) => "for " + subject;
}

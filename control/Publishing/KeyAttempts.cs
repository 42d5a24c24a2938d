using System.Net;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>
/// Counts wrong keys and names, three ways. One thing presented from one address again and again (an encoder with an old key) is refused unread after
/// <see cref="ControlOptions.AttemptsPerMinute"/>, and nothing else that comes from there; ten times as many of any kind from an address, or for one key from anywhere, are
/// guessing, and then only what is known from before is looked at. The counts are in the memory of the process, unlike wrong logins (<see cref="LoginAttempts"/>): encoders are let in while the database is away, this keeps floods
/// away from it, and a key has 160 random bits, so that nothing is won by asking several processes or after a restart.
/// </summary>
internal sealed class KeyAttempts(IOptions<ControlOptions> options, TimeProvider time)
{
    private const int Guessing = 10;
    private readonly FailureCount _counts = new(time);

    /// <summary>Whether there were too many failures lately.</summary>
    /// <param name="remote">Where it comes from.</param>
    /// <param name="subject">What is tried: a key's id or the hash of a name, never a secret.</param>
    public bool IsOver(EndPoint? remote, string subject)
    {
        var limit = options.Value.AttemptsPerMinute;
        return _counts.Of(One(remote, subject)) >= limit || _counts.Of(From(remote)) >= limit * Guessing || _counts.Of(For(subject)) >= limit * Guessing;
    }

    /// <summary>Counts a failure.</summary>
    public void Failed(EndPoint? remote, string subject)
    {
        _counts.Add(One(remote, subject));
        _counts.Add(From(remote));
        _counts.Add(For(subject));
    }

    private static string? One(EndPoint? remote, string subject) => AttemptThrottle.Network(remote) is { } network ? $"{network} {subject}" : null;

    private static string? From(EndPoint? remote) => AttemptThrottle.Network(remote)?.ToString();

    private static string For(string subject) => "for " + subject;
}

using System.Net;
using Broadcast.Media;
using Microsoft.Extensions.Options;

namespace Broadcast.Control;

/// <summary>
/// Counts failures by address in windows of a minute: wrong set-up codes. In the memory of the process, unlike wrong logins (<see cref="LoginAttempts"/>): a code has 100 random bits, so that it is not guessed however often a
/// restart forgets the count, and there is one only until somebody is an admin.
/// </summary>
internal sealed class AttemptThrottle(IOptions<ControlOptions> options, TimeProvider time)
{
    private readonly FailureCount _counts = new(time);

    /// <summary>Whether the address has failed too often lately.</summary>
    public bool IsOver(EndPoint? remote) => _counts.Of(Network(remote)?.ToString()) >= options.Value.AttemptsPerMinute;

    /// <summary>Counts a failure.</summary>
    public void Failed(EndPoint? remote) => _counts.Add(Network(remote)?.ToString());

    // One subscriber has a whole /64 of IPv6, so that is what counts as an address.
    internal static IPAddress? Network(EndPoint? remote) => SubscriberNetwork.Of(remote);
}

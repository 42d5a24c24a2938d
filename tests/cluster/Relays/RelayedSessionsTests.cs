using Broadcast.Cluster.Relays;
using Broadcast.Media;
using Broadcast.Testing;

namespace Broadcast.Cluster.Tests.Relays;

/// <summary>Encoders of sessions of other servers.</summary>
public sealed class RelayedSessionsTests
{
    [Fact]
    public void Encoder_waits_for_a_few_seconds_after_its_last_request()
    {
        var time = new ManualTimeProvider();
        var sessions = new RelayedSessions(time);
        var other = SessionId.New(DateTimeOffset.UnixEpoch);
        sessions.AddWaiting(TestSession.Id);
        time.Advance(TimeSpan.FromSeconds(3));
        sessions.AddWaiting(other);
        sessions.Contains(TestSession.Id).ShouldBeTrue();
        time.Advance(TimeSpan.FromSeconds(3));
        sessions.Contains(TestSession.Id).ShouldBeFalse();
        sessions.Contains(other).ShouldBeTrue();
        sessions.AddWaiting(TestSession.Id);
        sessions.Contains(TestSession.Id).ShouldBeTrue();
    }
}

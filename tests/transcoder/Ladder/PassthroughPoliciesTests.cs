using Broadcast.Media;
using Broadcast.Testing;
using Broadcast.Transcoder.Ladder;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Ladder;

public class PassthroughPoliciesTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Policy_holds_across_publications_of_its_session_and_is_removed_when_it_is_no_longer_used()
    {
        var policies = new PassthroughPolicies(_time);
        var (first, live) = (Session("first"), Session("live"));
        var policy = policies.Acquire(first);
        policies.Acquire(live);
        policies.Acquire(first).ShouldBeSameAs(policy, "the slate has the same");
        policies.Release(first);
        policies.Release(first);
        policies.Acquire(first).ShouldBeSameAs(policy, "so does an encoder that returns");
        policies.Release(first);

        _time.Advance(PassthroughPolicies.RetentionTime + TimeSpan.FromSeconds(1));
        var other = Session("other");
        policies.Acquire(other);
        policies.Release(other);

        policies.Count.ShouldBe(2, "that of a live session remains");
        policies.Acquire(first).ShouldNotBeSameAs(policy);
    }

    [Fact]
    public void New_session_of_a_channel_gets_its_own_policy()
    {
        var policies = new PassthroughPolicies(_time);
        var (old, next) = (Session("main"), Session("main", hours: 1));
        var policy = policies.Acquire(old);
        policies.Acquire(next).ShouldNotBeSameAs(policy);
        policies.Release(old);
        policies.Count.ShouldBe(1);
    }

    private static BroadcastSession Session(string channel, int hours = 0) => new(ChannelName.Parse(channel),
        SessionId.New(DateTimeOffset.UnixEpoch.AddHours(hours)), 1, DateTimeOffset.UnixEpoch, LatencyProfile.Standard);
}

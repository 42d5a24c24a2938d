using Broadcast.Media;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class SessionBirthsTests
{
    private static readonly KeyRecord Key = new("key", [], null, 1, ChannelName.Parse("demo"), "source", LatencyProfile.Low, TimeSpan.FromMinutes(1)) { Rewind = TimeSpan.FromHours(2), IsRecorded = true };
    private readonly ManualTimeProvider _clock = new();
    private readonly SessionBirths _births;

    public SessionBirthsTests() => _births = new(_clock);

    [Fact]
    public void A_session_is_what_its_key_says_and_begins_at_a_whole_millisecond()
    {
        _clock.Advance(TimeSpan.FromTicks(12_345_678));

        var session = _births.Begin(Key, claim: null, mayHide: true);

        (session.Channel, session.Epoch, session.Latency, session.Rewind, session.IsRecorded).ShouldBe((Key.Channel, 1, Key.Latency, Key.Rewind, true));
        (session.BeginsHidden, session.Access).ShouldBe((false, null));
        (_clock.GetUtcNow() - session.StartedAt).ShouldBe(TimeSpan.FromTicks(5678));
        session.Id.Birth.ShouldBe(session.StartedAt);
    }

    [Fact]
    public void Ids_rise_though_the_clock_stands_still_or_was_set_back()
    {
        var first = _births.Begin(Key, null, mayHide: false).Id;
        var second = _births.Begin(Key, null, mayHide: false).Id;
        _births.BeginAfter(SessionId.New(_clock.GetUtcNow() + TimeSpan.FromHours(1)));
        var third = _births.Begin(Key, null, mayHide: false).Id;
        _births.BeginAfter(first);
        var fourth = _births.Begin(Key, null, mayHide: false).Id;

        (second.Birth - first.Birth).ShouldBe(TimeSpan.FromMilliseconds(1));
        (third.Birth - _clock.GetUtcNow()).ShouldBe(TimeSpan.FromHours(1) + TimeSpan.FromMilliseconds(1));
        (fourth.Birth - third.Birth).ShouldBe(TimeSpan.FromMilliseconds(1));
    }

    [Theory]
    [InlineData(false, true, true)]
    [InlineData(true, true, false)]
    [InlineData(false, false, false)]
    public void A_session_before_its_event_is_live_is_hidden_where_somebody_hides_it(bool isLive, bool mayHide, bool isHidden)
    {
        var claim = new EventClaim("event", "Show", isLive, null, null, null) { Access = ViewerAccess.Token };

        var session = _births.Begin(Key, claim, mayHide);

        (session.BeginsHidden, session.Access).ShouldBe((isHidden, (ViewerAccess?)ViewerAccess.Token));
    }
}

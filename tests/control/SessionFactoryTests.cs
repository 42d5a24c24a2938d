using Broadcast.Control.Events;
using Broadcast.Control.Publishing;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class SessionFactoryTests
{
    private static readonly StreamKeyRecord Key = new("key", [], null, 1, ChannelName.Parse("demo"), "source", LatencyProfile.Low,
        TimeSpan.FromMinutes(1)) { DvrWindow = TimeSpan.FromHours(2), IsRecorded = true };
    private readonly ManualTimeProvider _clock = new();
    private readonly SessionFactory _factory;

    public SessionFactoryTests() => _factory = new(_clock);

    [Fact]
    public void Session_has_the_settings_of_its_key_and_starts_at_a_whole_millisecond()
    {
        _clock.Advance(TimeSpan.FromTicks(12_345_678));

        var session = _factory.Create(Key, activeEvent: null, canHide: true);

        (session.Channel, session.Epoch, session.Latency, session.DvrWindow,
            session.IsRecorded).ShouldBe((Key.Channel, 1, Key.Latency, Key.DvrWindow, true));
        (session.BeginsHidden, session.Access).ShouldBe((false, null));
        (_clock.GetUtcNow() - session.StartedAt).ShouldBe(TimeSpan.FromTicks(5678));
        session.Id.CreatedAt.ShouldBe(session.StartedAt);
    }

    [Fact]
    public void Session_ids_increase_even_if_the_clock_stops_or_is_set_back()
    {
        var first = _factory.Create(Key, null, canHide: false).Id;
        var second = _factory.Create(Key, null, canHide: false).Id;
        _factory.StartAfter(SessionId.New(_clock.GetUtcNow() + TimeSpan.FromHours(1)));
        var third = _factory.Create(Key, null, canHide: false).Id;
        _factory.StartAfter(first);
        var fourth = _factory.Create(Key, null, canHide: false).Id;

        (second.CreatedAt - first.CreatedAt).ShouldBe(TimeSpan.FromMilliseconds(1));
        (third.CreatedAt - _clock.GetUtcNow()).ShouldBe(TimeSpan.FromHours(1) + TimeSpan.FromMilliseconds(1));
        (fourth.CreatedAt - third.CreatedAt).ShouldBe(TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void Session_ids_increase_within_one_millisecond()
    {
        var ids = Enumerable.Range(0, 50).Select(_ =>
        {
            _clock.Advance(TimeSpan.FromMicroseconds(1));
            return _factory.Create(Key, null, canHide: false).Id;
        }).ToList();

        ids.ShouldBe(ids.Order());
    }

    [Theory]
    [InlineData(false, true, true)]
    [InlineData(true, true, false)]
    [InlineData(false, false, false)]
    public void Session_before_its_event_is_live_is_hidden_if_hiding_is_possible(bool isLive, bool mayHide, bool isHidden)
    {
        var claim = new ActiveEvent("event", "Show", isLive, null, null, null) { Access = ViewerAccess.Token };

        var session = _factory.Create(Key, claim, mayHide);

        (session.BeginsHidden, session.Access).ShouldBe((isHidden, (ViewerAccess?)ViewerAccess.Token));
    }
}

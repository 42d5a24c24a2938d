using Broadcast.Control.Sessions;
using Broadcast.Control.Webhooks;
using Broadcast.Media;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class PendingWritesTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly PendingWrites _pending = new();

    [Fact]
    public void Sessions_are_returned_in_the_order_of_their_ids_with_their_latest_state()
    {
        var (older, newer) = (SessionId.New(Noon), SessionId.New(Noon.AddSeconds(1)));
        _pending.Add(Row(newer, epoch: 1));
        _pending.Add(Row(older, epoch: 1));
        _pending.Add(Row(older, epoch: 2));

        _pending.SessionCount.ShouldBe(2);
        _pending.NextSessions(2).Select(s => (s.Id, s.Epoch)).ShouldBe([(older, 2), (newer, 1)]);
        var next = _pending.NextSessions(1);
        next.ShouldHaveSingleItem().Id.ShouldBe(older);
        _pending.Remove(next);
        _pending.NextSessions(2).ShouldHaveSingleItem().Id.ShouldBe(newer);
    }

    [Fact]
    public void State_recorded_during_a_write_stays()
    {
        var session = SessionId.New(Noon);
        _pending.Add(Row(session, epoch: 1));
        var written = _pending.NextSessions(1);
        _pending.Add(Row(session, epoch: 2));

        _pending.Remove(written);

        _pending.NextSessions(1).ShouldHaveSingleItem().Epoch.ShouldBe(2);
    }

    [Fact]
    public void Use_of_a_key_recorded_during_a_write_stays()
    {
        _pending.AddKeyUse("a", Noon);
        _pending.AddKeyUse("b", Noon);
        var written = _pending.KeyUses();
        _pending.AddKeyUse("b", Noon.AddSeconds(1));

        _pending.Remove(written);

        _pending.KeyUses().ShouldBe([KeyValuePair.Create("b", Noon.AddSeconds(1))]);
    }

    [Fact]
    public void Oldest_webhook_event_is_dropped_at_the_limit_and_removing_it_has_no_effect()
    {
        var messages = Enumerable.Range(0, PendingWrites.MaxEvents + 1)
            .Select(number => new WebhookMessage(Noon, WebhookEventTypes.PublishStarted, "demo", new { number })).ToList();
        messages.Take(PendingWrites.MaxEvents).ShouldAllBe(message => _pending.Add(message) == null);
        var written = _pending.NextEvents(2);
        _pending.Add(messages[^1]).ShouldBeSameAs(messages[0]);

        _pending.Remove(written);

        _pending.NextEvents(1).ShouldHaveSingleItem().ShouldBeSameAs(messages[2]);
    }

    private static SessionRecord Row(SessionId id, long epoch) => new(id, 1, epoch, "low", Noon, null, null, null);
}

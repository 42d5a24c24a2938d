using Broadcast.Control.Events;
using Dapper;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>The table of event transitions, and the statement that applies one.</summary>
public sealed class EventTransitionTests(PostgresFixture postgres)
{
    [Fact]
    public void Ended_and_cancelled_events_keep_their_state() =>
        EventTransitions.Allowed.Select(allowed => allowed.From)
        .ShouldAllBe(from => from == EventState.Scheduled || from == EventState.Preview || from == EventState.Live);

    [Fact]
    public void Names_of_states_and_kinds_are_read_back_and_unknown_ones_are_errors()
    {
        Enum.GetValues<EventState>().ShouldAllBe(state => EventRules.ParseState(EventRules.Name(state)) == state);
        Enum.GetValues<EventKind>().ShouldAllBe(kind => EventRules.ParseKind(EventRules.Name(kind)) == kind);
        Should.Throw<FormatException>(() => EventRules.ParseState("paused")).Message.ShouldContain("'paused'");
        Should.Throw<FormatException>(() => EventRules.ParseKind("double")).Message.ShouldContain("'double'");
    }

    [Fact]
    public async Task Each_operation_changes_an_event_only_from_the_states_in_the_table()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        await rig.Channels.CreateAsync("demo", new());
        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        await connection.ExecuteAsync("""
            INSERT INTO events (id, kind, channel_id, title, description, poster, starts_at, ends_at, claims_from, time_zone, is_manual,
                preview_seconds, grace_seconds, continues,
                state, state_since, created_at, updated_at)
            SELECT '01J00000000000000000000003', 'single', id, 'Concert', '', '', now(), now() + interval '1 hour', now(), 'Etc/UTC', false,
                0, 0, false, 'scheduled', now(), now(), now() FROM channels
            """);
        foreach (var (operation, to) in EventTransitions.Allowed.Select(allowed => (allowed.Operation, allowed.To)).Distinct())
        {
            foreach (var from in Enum.GetValues<EventState>())
            {
                await connection.ExecuteAsync("UPDATE events SET state = @state", new { state = EventRules.Name(from) });
                await using var transaction = await connection.BeginTransactionAsync();
                var change = new EventStateChange(operation, "01J00000000000000000000003", to, "by a test", EndsSession: false);

                var hasChanged = await EventTransitions.ApplyAsync(connection, transaction, change,
                    TimeProvider.System.GetUtcNow(), default);

                hasChanged.ShouldBe(EventTransitions.Allowed.Contains((operation, from, to)), $"{operation} from {from} to {to}");
                (await connection.ExecuteScalarAsync<string>("SELECT state FROM events", transaction: transaction)).ShouldBe(
                    EventRules.Name(hasChanged ? to : from));
                await transaction.CommitAsync();
            }
        }
    }

    [Fact]
    public async Task A_change_that_the_table_does_not_have_is_an_error()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        await using var connection = await rig.Database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var change = new EventStateChange(EventOperation.Cancel, "01J00000000000000000000003", EventState.Live, "", EndsSession: false);

        await Should.ThrowAsync<InvalidOperationException>(() =>
            EventTransitions.ApplyAsync(connection, transaction, change, TimeProvider.System.GetUtcNow(), default));
    }
}

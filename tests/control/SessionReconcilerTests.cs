using Broadcast.Control.Channels;
using Broadcast.Control.Sessions;
using Broadcast.Media;
using Broadcast.Media.OriginToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class SessionReconcilerTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly ChannelName Channel = ChannelName.Parse("main");

    [Fact]
    public async Task Session_missing_in_the_database_is_added_once_from_its_journal_with_its_recording()
    {
        await using var database = await postgres.OpenFreshAsync();
        var audit = new SessionReconciler(database);
        var session = new BroadcastSession(Channel, SessionId.New(Start), 3, Start, LatencyProfile.Low) { IsRecorded = true,
            Access = ViewerAccess.Token };
        (await audit.AddAsync(session, Start.AddHours(1), "over", default)).ShouldBeFalse("there is no such channel");
        (await audit.ReadAsync(Channel, default)).IsKnown.ShouldBeFalse();
        await new ChannelRepository(database, TimeProvider.System).CreateAsync("main", new());

        (await audit.AddAsync(session, Start.AddHours(1), "over", default)).ShouldBeTrue();
        (await audit.AddAsync(session, Start.AddHours(1), "over", default)).ShouldBeFalse("it is known");

        var known = await audit.ReadAsync(Channel, default);
        (known.IsKnown, known.IsBeingDeleted).ShouldBe((true, false));
        known.Sessions.ShouldBe([session.Id]);
        known.Recorded.ShouldBeEmpty("nobody has looked yet whether there is anything to play");
        var added = (await new SessionHistory(database).ListAsync("main")).ShouldHaveSingleItem();
        (added.Id, added.Epoch, added.Latency, added.StartedAt, added.EndedAt,
            added.EndReason).ShouldBe((session.Id.Value, 3, "low", Start, Start.AddHours(1), "over"));

        await using var playable = database.Source.CreateCommand(
            $"UPDATE recordings SET playable = true WHERE session_id = '{session.Id}'");
        (await playable.ExecuteNonQueryAsync()).ShouldBe(1);
        (await audit.ReadAsync(Channel, default)).Recorded.ShouldBe([session.Id]);
        (await audit.RecordedChannelsAsync(default)).ShouldBe([Channel]);

        await using var whose = database.Source.CreateCommand(
            "SELECT s.access || ' ' || r.visibility FROM sessions s JOIN recordings r ON r.session_id = s.id");
        (await whose.ExecuteScalarAsync()).ShouldBe("token private", "it is for no more people than it was");
    }
}

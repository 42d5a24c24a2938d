using Broadcast.Control.Channels;
using Broadcast.Control.ServerSentEvents;
using Broadcast.Control.Servers;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Dapper;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>Stream events about states of channels and issues of their encoders.</summary>
public sealed class ChannelReporterTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Changed_channel_state_is_reported_once_and_the_end_is_reported_after_a_restart()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var grant = await bench.BeginAsync();
        var session = grant.Session.Id;
        var said = new Said { Session = session, State = new(ChannelRunState.Live, session, null) };
        using var reporter = Reporter(bench, said);
        await LookAsync(bench, reporter, 3);
        (await NotifiedAsync(bench)).ShouldBe(["channel.state live"]);

        said.State = said.State with { Inputs = [new(InputRole.Primary, ChannelInputState.Good, true, bench.Rig.Clock.GetUtcNow(), 1000)] };
        await LookAsync(bench, reporter, 1);
        said.State = said.State with { Inputs = [said.State.Inputs[0] with { BitsPerSecond = 2000 }] };
        await LookAsync(bench, reporter, 1);
        (await NotifiedAsync(bench)).ShouldBe(["channel.state live", "channel.state live"],
            "figures that change all the time are none of a state");

        said.Finding = new("keyframe_interval_long", IssueSeverity.Warning, "Set it to 2 s.", bench.Rig.Clock.GetUtcNow());
        await LookAsync(bench, reporter, 15);
        said.Finding = null;
        await LookAsync(bench, reporter, 2);
        (await NotifiedAsync(bench)).Skip(2).ShouldBe(["channel.health 1", "channel.health 0"]);

        using var restarted = Reporter(bench, said);
        await bench.EndAsync(grant);
        said.State = new(ChannelRunState.Ended, session, null);
        await LookAsync(bench, restarted, 3);
        (await NotifiedAsync(bench)).Last(t => t.StartsWith("channel.state", StringComparison.Ordinal)).ShouldBe("channel.state ended");
        var before = (await NotifiedAsync(bench)).Count;
        await LookAsync(bench, restarted, 3);
        (await NotifiedAsync(bench)).Count.ShouldBe(before);
    }

    [Fact]
    public async Task Step_of_the_system_clock_does_not_hide_an_issue()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = (await bench.BeginAsync()).Session.Id;
        var said = new Said { Session = session, State = new(ChannelRunState.Live, session, null),
            Finding = new("keyframe_interval_long", IssueSeverity.Warning, "Set it to 2 s.", bench.Rig.Clock.GetUtcNow()) };
        using var reporter = Reporter(bench, said, new ManualTimeProvider(bench.Rig.Clock.GetUtcNow() - TimeSpan.FromHours(1)));

        await LookAsync(bench, reporter, 15);

        (await NotifiedAsync(bench)).ShouldContain("channel.health 1");
    }

    [Fact]
    public async Task Channel_that_another_server_has_on_air_now_is_reported_by_that_server_alone()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var grant = await bench.BeginAsync();
        var session = grant.Session.Id;
        var said = new Said { Session = session, State = new(ChannelRunState.Live, session, null) };
        var remote = new RemoteSessions(bench.Rig.Clock);
        using var reporter = Reporter(bench, said, remote: remote);
        await LookAsync(bench, reporter, 1);
        await bench.EndAsync(grant);
        said.State = new(ChannelRunState.Ended, session, null);
        await LookAsync(bench, reporter, 1);

        // The other server's session is mirrored here, without the encoders.
        var next = SessionId.New(bench.Rig.Clock.GetUtcNow());
        remote.Set([new RemoteSession(1, grant.Session.Channel.Value, next, "other", TimeSpan.Zero)]);
        said.State = new(ChannelRunState.Live, next, null);
        await LookAsync(bench, reporter, 3);
        (await NotifiedAsync(bench)).ShouldBe(["channel.state live", "channel.state ended"]);
    }

    private static ChannelReporter Reporter(RecordingHarness bench, Said said, TimeProvider? systemClock = null,
        RemoteSessions? remote = null) =>
        new(bench.Rig.Database, bench.Rig.Book, systemClock ?? bench.Rig.Clock, bench.Rig.Clock,
            bench.Rig.Log.For<ChannelReporter>(), said, said, remote);

    private static async Task LookAsync(RecordingHarness bench, ChannelReporter reporter, int times)
    {
        for (var i = 0; i < times; i++)
        {
            bench.Rig.Clock.Advance(TimeSpan.FromSeconds(1));
            await reporter.CheckAsync(default);
        }
    }

    /// <summary>Sent channel events: the state, or the number of issues.</summary>
    private static async Task<IReadOnlyList<string>> NotifiedAsync(RecordingHarness bench)
    {
        await using var connection = await bench.Rig.Database.Source.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string>(
            "SELECT type || ' ' || coalesce(body::json -> 'data' ->> 'state', json_array_length(body::json -> 'data' -> 'issues')::text) "
            + "FROM stream_events WHERE type LIKE 'channel.%' ORDER BY id")];
    }

    private sealed class Said : IChannelRuntimeStates, ISourceHealth
    {
        public required ChannelRuntimeState State { get; set; }

        public SessionId Session { get; init; }

        public SourceIssue? Finding { get; set; }

        public ChannelRuntimeState? Find(ChannelName channel) => State;

        IReadOnlyList<SourceReport> ISourceHealth.Find(ChannelName channel) => Finding is null ? [] :
            [new(Session, Guid.Empty, "OBS", default, default, 0, 0, null, null, default, 0, 0, 0, 0, [Finding])];
    }
}

using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Lookups;
using Broadcast.Control.Recordings;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class RecordingRetentionServiceTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task Recording_and_media_are_deleted_when_the_retention_expires()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new() { Retention = "1d" });
        var old = await bench.SessionAsync(Hour);
        bench.Rig.Clock.Advance(TimeSpan.FromHours(12));
        var recent = await bench.SessionAsync(Hour);
        bench.Rig.Clock.Advance(TimeSpan.FromHours(11) - TimeSpan.FromSeconds(1));
        using var keeper = bench.Keeper();

        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).Count.ShouldBe(2, "23:59:59 after its end");
        (await bench.Recordings.GetAsync(old.Value)).ExpiresAt.ShouldBe(bench.Rig.Clock.GetUtcNow().AddSeconds(1));
        bench.Rig.Clock.Advance(TimeSpan.FromSeconds(1));
        await keeper.RunOnceAsync(default);

        (await bench.IdsAsync()).ShouldBe([recent.Value]);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([old]);
        (await bench.Rig.HistoryAsync("demo")).Count.ShouldBe(2, "that there was a session is still known");
    }

    [Fact]
    public async Task Expired_recording_keeps_its_media_for_a_day_and_returns_if_its_retention_is_extended()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new() { Retention = "30d" });
        var session = await bench.SessionAsync(Hour);
        var clip = (await bench.Recordings.ClipAsync(session.Value, new(RecordingPosition.Start))).Id;
        await bench.Recordings.SetAsync(clip, new(Retention: "forever"));
        var other = await bench.SessionAsync(Hour);
        bench.Rig.Clock.Advance(2 * Hour);
        using var keeper = bench.Keeper(grace: TimeSpan.FromDays(1));

        await bench.Rig.Channels.SetAsync("demo", new() { Retention = "1h" });
        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).ShouldBe([clip], "the others are hidden at once");
        bench.Rig.Lifecycle.Forgotten.ShouldBeEmpty();

        bench.Rig.Clock.Advance(TimeSpan.FromHours(23));
        await bench.Rig.Channels.SetAsync("demo", new() { Retention = "30d" });
        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).ShouldBe([clip, other.Value, session.Value], ignoreOrder: true);
        (await new AuditLog(bench.Rig.Database).ListAsync(new(Action: "recording.restore"))).Select(entry => entry.Subject)
            .ShouldBe([$"recording/{other}", $"recording/{session}"], ignoreOrder: true);

        await bench.Rig.Channels.SetAsync("demo", new() { Retention = "1h" });
        await keeper.RunOnceAsync(default);
        bench.Rig.Clock.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        await keeper.RunOnceAsync(default);
        bench.Rig.Lifecycle.Forgotten.ShouldBeEmpty();
        bench.Rig.Clock.Advance(TimeSpan.FromSeconds(1));
        await keeper.RunOnceAsync(default);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([other], "a clip keeps the media of the first session");
    }

    [Fact]
    public async Task Clock_of_the_server_that_jumps_forward_expires_nothing()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new() { Retention = "30d" });
        var session = await bench.SessionAsync(Hour);
        var databaseTime = bench.Rig.Clock.GetUtcNow();
        using var keeper = bench.Keeper(databaseClock: () => databaseTime);

        bench.Rig.Clock.Step(TimeSpan.FromDays(31));
        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).ShouldBe([session.Value]);

        bench.Rig.Clock.Step(-TimeSpan.FromDays(31));
        bench.Rig.Clock.Advance(TimeSpan.FromDays(30));
        databaseTime += TimeSpan.FromDays(30) - TimeSpan.FromMinutes(1);
        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).ShouldBe([session.Value], "the earlier clock counts");
        databaseTime += TimeSpan.FromMinutes(2);
        bench.Rig.Clock.Advance(TimeSpan.FromMinutes(1));
        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Jump_of_both_clocks_deletes_nothing_and_its_correction_brings_recordings_back()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new() { Retention = "30d" });
        var session = await bench.SessionAsync(Hour);
        var deleted = await bench.SessionAsync(Hour);
        using var keeper = bench.Keeper(grace: TimeSpan.FromDays(1));
        await keeper.RunOnceAsync(default);
        await bench.Recordings.DeleteAsync(deleted.Value);

        bench.Rig.Clock.Step(TimeSpan.FromDays(365));
        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).ShouldBe([session.Value]);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([deleted], "deletions do not depend on a clock");

        bench.Rig.Clock.Advance(DeletionClock.Pause);
        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).ShouldBeEmpty();
        bench.Rig.Clock.Advance(TimeSpan.FromHours(20));
        bench.Rig.Clock.Step(-TimeSpan.FromDays(365));
        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).ShouldBe([session.Value]);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([deleted]);
    }

    [Fact]
    public async Task Deleted_recording_does_not_wait_for_its_media_to_be_deleted_and_does_not_return()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(Hour);
        using var keeper = bench.Keeper(grace: TimeSpan.FromDays(1));

        await bench.Recordings.DeleteAsync(session.Value);
        await keeper.RunOnceAsync(default);

        bench.Rig.Lifecycle.Forgotten.ShouldBe([session]);
        (await bench.ScalarAsync<long>("SELECT count(*) FROM recordings")).ShouldBe(0);
    }

    [Fact]
    public async Task Retention_of_a_recording_overrides_the_current_retention_of_its_channel()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new() { Retention = "30d" });
        var ever = await bench.SessionAsync(Hour);
        var brief = await bench.SessionAsync(Hour);
        var usual = await bench.SessionAsync(Hour);
        await bench.Recordings.SetAsync(ever.Value, new(Retention: "forever"));
        await bench.Recordings.SetAsync(brief.Value, new(Retention: "2h"));
        using var keeper = bench.Keeper();

        bench.Rig.Clock.Advance(TimeSpan.FromHours(3));
        await keeper.RunOnceAsync(default);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([brief]);

        await bench.Rig.Channels.SetAsync("demo", new() { Retention = "3h" });
        await keeper.RunOnceAsync(default);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([brief, usual]);
        bench.Rig.Clock.Advance(TimeSpan.FromDays(4000));
        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).ShouldBe([ever.Value]);

        (await bench.Recordings.SetAsync(ever.Value, new(Retention: "channel"))).Retention.ShouldBe("channel");
        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Media_are_deleted_with_the_last_recording_or_clip_that_uses_them()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(Hour);
        var first = (await bench.Recordings.ClipAsync(session.Value, new(RecordingPosition.Start))).Id;
        var second = (await bench.Recordings.ClipAsync(first, new(RecordingPosition.Start))).Id;
        using var keeper = bench.Keeper();

        foreach (var id in (string[])[session.Value, first])
        {
            await bench.Recordings.DeleteAsync(id);
            await keeper.RunOnceAsync(default);
            bench.Rig.Lifecycle.Forgotten.ShouldBeEmpty();
        }

        await bench.Recordings.DeleteAsync(second);
        await keeper.RunOnceAsync(default);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([session]);
        (await bench.ScalarAsync<long>("SELECT count(*) FROM recordings")).ShouldBe(0);
    }

    [Fact]
    public async Task Deleting_a_recording_with_its_clips_deletes_the_media()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(Hour);
        var other = await bench.SessionAsync(Hour);
        await bench.Recordings.ClipAsync(session.Value, new(RecordingPosition.Start));
        var kept = (await bench.Recordings.ClipAsync(other.Value, new(RecordingPosition.Start))).Id;

        await bench.Recordings.DeleteAsync(session.Value, withClips: true);
        await bench.Keeper().RunOnceAsync(default);

        bench.Rig.Lifecycle.Forgotten.ShouldBe([session]);
        (await bench.IdsAsync()).ShouldBe([kept, other.Value], ignoreOrder: true);
    }

    [Fact]
    public async Task Deletion_interrupted_between_media_and_row_is_repeated_at_the_next_start()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var session = await bench.SessionAsync(Hour);
        await bench.Recordings.DeleteAsync(session.Value);
        using var killed = new CancellationTokenSource();
        bench.Rig.Lifecycle.Forgetting = _ => killed.Cancel();

        await Should.ThrowAsync<OperationCanceledException>(() => bench.Keeper().RunOnceAsync(killed.Token));
        (await bench.ScalarAsync<long>("SELECT count(*) FROM recordings")).ShouldBe(1, "the row outlives the media");
        (await bench.IdsAsync()).ShouldBeEmpty("and nobody sees it");

        bench.Rig.Lifecycle.Forgetting = null;
        await bench.Keeper().RunOnceAsync(default);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([session, session]);
        (await bench.ScalarAsync<long>("SELECT count(*) FROM recordings")).ShouldBe(0);
    }

    [Fact]
    public async Task Failed_media_deletion_is_retried_and_does_not_block_others()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var (stuck, easy) = (await bench.SessionAsync(Hour), await bench.SessionAsync(Hour));
        bench.Rig.Lifecycle.Forgetting = session => _ = session == stuck ? throw new InvalidOperationException("it is not over") : 0;
        await bench.Recordings.DeleteAsync(stuck.Value);
        await bench.Recordings.DeleteAsync(easy.Value);

        await bench.Keeper().RunOnceAsync(default);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([easy]);
        (await bench.ScalarAsync<string>("SELECT id FROM recordings")).ShouldBe(stuck.Value);

        bench.Rig.Lifecycle.Forgetting = null;
        await bench.Keeper().RunOnceAsync(default);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([easy, stuck]);
    }

    [Fact]
    public async Task Row_of_a_deleted_recording_remains_until_the_process_with_the_media_deletes_them()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres, new() { Retention = "1h" });
        var session = await bench.SessionAsync(Hour);
        bench.Rig.Clock.Advance(Hour);

        await bench.Keeper(hasMedia: false).RunOnceAsync(default);
        (await bench.IdsAsync()).ShouldBeEmpty();
        (await bench.ScalarAsync<long>("SELECT count(*) FROM recordings")).ShouldBe(1);

        await bench.Keeper().RunOnceAsync(default);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([session]);
    }

    [Fact]
    public async Task Recording_of_a_session_without_segments_is_deleted_after_its_end()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var played = await bench.SessionAsync(Hour);
        var grant = await bench.BeginAsync();
        bench.Media.Empty.Add(grant.Session.Id);
        using var keeper = bench.Keeper();

        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).Count.ShouldBe(2, "it may still become one");
        await bench.EndAsync(grant);
        bench.Media.IsAway = true;
        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).Count.ShouldBe(2, "nobody can tell");
        bench.Media.IsAway = false;
        await keeper.RunOnceAsync(default);

        (await bench.IdsAsync()).ShouldBe([played.Value]);
        bench.Rig.Lifecycle.Forgotten.ShouldBe([grant.Session.Id]);
        bench.Media.Empty.Add(played);
        await keeper.RunOnceAsync(default);
        (await bench.IdsAsync()).ShouldBe([played.Value], "what was there once is not asked about again");
    }

    [Fact]
    public async Task Clip_created_during_a_deletion_either_keeps_the_media_or_is_rejected()
    {
        await using var bench = await RecordingHarness.OpenAsync(postgres);
        var made = 0;
        for (var i = 0; i < 25; i++)
        {
            var session = await bench.SessionAsync(TimeSpan.FromMinutes(1));
            using var keeper = bench.Keeper();
            var clip = Task.Run(() => bench.Recordings.ClipAsync(session.Value, new(RecordingPosition.Start)));
            await Task.WhenAll(
                Task.Run(() => bench.Recordings.DeleteAsync(session.Value)), Task.Run(() => keeper.RunOnceAsync(default)),
                clip.ContinueWith(_ => { }, TaskScheduler.Default));
            await keeper.RunOnceAsync(default);

            if (clip.IsCompletedSuccessfully)
            {
                made++;
                bench.Rig.Lifecycle.Forgotten.ShouldNotContain(session);
                (await bench.Recordings.GetAsync((await clip).Id)).Session.ShouldBe(session.Value);
            }
            else
            {
                (await Should.ThrowAsync<OperationException>(() => clip)).Code.ShouldBe(OperationErrorCode.NotFound);
                bench.Rig.Lifecycle.Forgotten.ShouldContain(session);
            }
        }

        bench.Rig.Lifecycle.Forgotten.Count.ShouldBe(25 - made);
    }

    [Fact]
    public async Task Recordings_of_a_lost_server_do_not_block_others_and_are_given_up_after_a_day()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var lost = await SharedDatabase.AddServerAsync(server);
        await SharedDatabase.ExecuteAsync(server, $"""
            UPDATE servers SET lease_until = now() - interval '2 hours' WHERE id = '{lost}';
            INSERT INTO sessions (id, channel_id, epoch, latency, started_at, ended_at, end_reason, owner, recorded)
            SELECT '01J' || lpad(n::text, 23, '0'), c.id, 1, 'standard', now() - interval '3 hours', now() - interval '2 hours', 'lost',
                '{lost}'::uuid, true
            FROM channels c, generate_series(1, {RecordingRetentionService.BatchSize}) n;
            INSERT INTO sessions (id, channel_id, epoch, latency, started_at, ended_at, end_reason, recorded)
            SELECT '01K' || repeat('0', 23), id, 1, 'standard', now() - interval '3 hours', now() - interval '2 hours', 'over', true
            FROM channels
            """);
        var media = new SaidMedia();
        media.Empty.UnionWith(Enumerable.Range(1, RecordingRetentionService.BatchSize).Select(n => SessionId.Parse($"01J{n:D23}")));
        using var keeper = new RecordingRetentionService(
            server.Get<ServerDatabase>(), server.Get<SessionManager>(), server.Get<SessionWriter>(), TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLogger<RecordingRetentionService>.Instance,
            Microsoft.Extensions.Options.Options.Create(new ControlOptions()),
            RecordingHarness.CreateDeletionClock(TimeProvider.System), server.Lifecycle, media,
            server.Get<Broadcast.Control.Servers.ServerIdentity>());

        await keeper.RunOnceAsync(default);
        (await CountAsync("playable")).ShouldBe(1, "the one after a thousand that wait for their server");
        (await CountAsync("deleted_at IS NULL")).ShouldBe(RecordingRetentionService.BatchSize + 1);

        await SharedDatabase.ExecuteAsync(server,
            $"UPDATE servers SET lease_until = now() - interval '25 hours' WHERE id = '{lost}'");
        await keeper.RunOnceAsync(default);
        (await CountAsync("deleted_at IS NULL")).ShouldBe(1);

        async Task<long> CountAsync(string condition)
        {
            await using var command = server.Get<ServerDatabase>().Source
                .CreateCommand($"SELECT count(*) FROM recordings WHERE {condition}");
            return (long)(await command.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public async Task Deleting_a_channel_deletes_its_recordings()
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var created = await server.Get<ChannelRepository>().CreateAsync("demo", new());
        var sessions = new List<SessionId>();
        for (var i = 0; i < 2; i++)
        {
            var grant = ((PublishDecision.Granted)await server.AskAsync(created.Key.StreamKey)).Grant;
            sessions.Add(grant.Session.Id);
            await server.Get<SessionWriter>().FlushAsync(default);
            await server.SendAsync("POST", "/api/v1/channels/demo/end", await server.TokenAsync(TokenRole.Producer));
            await server.Get<IPublishAuthorizer>().ReportEndAsync(grant, "disconnected", default);
        }

        await server.Get<ChannelRepository>().DeleteAsync("demo");

        await Broadcast.Testing.Poll.UntilAsync(() => sessions.TrueForAll(server.Lifecycle.Forgotten.Contains));
        await using var count = server.Get<ServerDatabase>()
            .Source.CreateCommand("SELECT (SELECT count(*) FROM recordings) + (SELECT count(*) FROM sessions)");
        await Broadcast.Testing.Poll.UntilAsync(async () => (long)(await count.ExecuteScalarAsync())! == 0);
        await Broadcast.Testing.Poll.UntilAsync(
            async () => await server.Get<IRecordingCatalog>().FindAsync(RecordingId.Of(sessions[0]), default) is null);
    }
}

using System.Text.Json;
using Broadcast.Control.Access;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Recordings;
using Broadcast.Control.Slates;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

public sealed class AuditTests(PostgresFixture postgres)
{
    private static readonly Actor Jane = new(ActorKind.Command, "jane", "channel create", "");
    private readonly ManualTimeProvider _clock = new();

    [Fact]
    public async Task Every_service_audits_each_change_once_with_its_actor_and_without_secrets()
    {
        await using var database = await postgres.OpenFreshAsync();
        using var acting = Actor.Use(Jane);
        var (channels, keys, tokens, slates, viewerKeys) =
            (new ChannelRepository(database, _clock), new StreamKeys(database, _clock), new TokenRepository(database, _clock),
                new ChannelSlates(database, _clock), new ViewerKeys(database, _clock));
        var viewerTokens = new ViewerTokens(database, viewerKeys, _clock);
        var secrets = new List<string>();

        var created = await channels.CreateAsync("demo", new(Title: "Demo", Latency: "low"));
        await channels.SetAsync("demo", new(Title: "New", ReconnectWindow: TimeSpan.FromSeconds(5)) { Record = false });
        var key = await keys.CreateAsync("demo", StreamKeyRole.Backup, "second", _clock.GetUtcNow().AddDays(1));
        var rotated = await keys.RotateAsync("demo", key.Key.Id);
        await keys.RevokeAsync("demo", rotated.Key.Id);
        await keys.RevokeAsync("demo", rotated.Key.Id);
        var token = await tokens.CreateAsync(TokenRole.Viewer, "screen");
        await tokens.RevokeAsync(token.Info.Id);
        await tokens.RevokeAsync(token.Info.Id);
        await slates.SetAsync("demo", new byte[] { 0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A });
        await slates.DeleteAsync("demo");
        await slates.DeleteAsync("demo");
        var viewerKey = await viewerKeys.CreateAsync("demo", "shop");
        await viewerKeys.RevokeAsync("demo", viewerKey.Key.Id);
        await viewerKeys.RevokeAsync("demo", viewerKey.Key.Id);
        var viewer = await viewerTokens.CreateAsync("demo", label: "Jim");
        await viewerTokens.RevokeAsync("demo", viewer.Info.Id);
        await viewerTokens.RevokeAsync("demo", viewer.Info.Id);
        await viewerTokens.RevokeAsync("demo", "elsewhere");
        await channels.DeleteAsync("demo");
        secrets.AddRange([created.Key.StreamKey[9..], key.StreamKey[9..], rotated.StreamKey[9..], token.Token[9..], viewerKey.Secret,
            viewer.Token]);

        var rows = await new AuditLog(database).ListAsync(new(Limit: 200));
        rows.Select(r => $"{r.Action} {r.Subject}").Reverse().ShouldBe(
        [
            "channel.create channel/demo", "channel.change channel/demo", $"key.create key/{key.Key.Id}", $"key.rotate key/{key.Key.Id}",
            $"key.revoke key/{rotated.Key.Id}",
            $"token.create token/{token.Info.Id}", $"token.revoke token/{token.Info.Id}", "slate.set channel/demo",
            "slate.delete channel/demo",
            $"viewer_key.create viewer_key/{viewerKey.Key.Id}", $"viewer_key.revoke viewer_key/{viewerKey.Key.Id}",
            $"viewer_token.create viewer_token/{viewer.Info.Id}", $"viewer_token.revoke viewer_token/{viewer.Info.Id}",
            "viewer_token.revoke viewer_token/elsewhere", "channel.delete channel/demo",
        ]);
        rows.ShouldAllBe(r => r.Actor == Jane && r.At == _clock.GetUtcNow());
        rows[^2].Detail.ShouldBe(new Dictionary<string,
            string> { ["title"] = "New", ["reconnectWindowSeconds"] = "5", ["record"] = "false" }, ignoreOrder: true);
        rows[^1].Detail["key"].ShouldBe(created.Key.Key.Id);
        var all = JsonSerializer.Serialize(rows);
        secrets.ShouldAllBe(s => !all.Contains(s, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Recording_changes_and_deletions_by_retention_are_audited()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new() { Retention = "1h" })).Key.StreamKey;
        var session = (await rig.GrantedAsync(key)).Session.Id.Value;
        await rig.Ledger.FlushAsync(default);
        rig.Clock.Advance(TimeSpan.FromMinutes(1));
        var recordings = new RecordingRepository(rig.Database, rig.Clock);

        await recordings.SetAsync(session, new(Title: "Better"));
        var clip = await recordings.ClipAsync(session, new(new RecordingPosition()));
        await recordings.DeleteAsync(clip.Id);
        rig.Book.Stop();
        await using (var end = rig.Database.Source.CreateCommand("UPDATE sessions SET ended_at = $1, end_reason = 'over'"))
        {
            end.Parameters.Add(new() { Value = rig.Clock.GetUtcNow().UtcDateTime });
            await end.ExecuteNonQueryAsync();
        }

        rig.Clock.Advance(TimeSpan.FromHours(1));
        await new RecordingRetentionService(rig.Database, rig.Book, rig.Ledger, rig.Clock,
            NullLogger<RecordingRetentionService>.Instance, Options.Create(new ControlOptions()),
            RecordingHarness.CreateDeletionClock(rig.Clock)).RunOnceAsync(default);

        var rows = await new AuditLog(rig.Database).ListAsync(new(Subject: "recording"));
        rows.Select(r => (r.Action, r.Subject)).Reverse().ShouldBe(
            [("recording.change", $"recording/{session}"), ("clip.create", $"recording/{clip.Id}"),
                ("recording.delete", $"recording/{clip.Id}"), ("recording.delete", $"recording/{session}")]);
        rows[0].Actor.ShouldBe(Actor.Server with { Name = "retention" });
    }

    [Fact]
    public async Task Audit_of_a_change_outside_the_database_reports_a_database_outage()
    {
        await using var database = await postgres.OpenFreshAsync();
        using var acting = Actor.Use(Jane);
        var detail = new Dictionary<string, string> { ["repaired"] = "orphan 2" };

        (await new AuditLog(database).TryRecordAsync(_clock.GetUtcNow(), "media.repair", "channel/demo", detail)).ShouldBeNull();
        await using var away = new ServerDatabase(new DataFolder("/nonexistent"), new DatabaseOptions(), _clock);
        (await new AuditLog(away).TryRecordAsync(_clock.GetUtcNow(), "media.repair", "channel/demo", detail)).ShouldNotBeNullOrEmpty();

        var row = (await new AuditLog(database).ListAsync(new())).ShouldHaveSingleItem();
        (row.Actor, row.Action, row.Subject, row.Detail["repaired"]).ShouldBe((Jane, "media.repair", "channel/demo", "orphan 2"));
    }

    [Fact]
    public async Task Failed_change_writes_no_audit_row()
    {
        await using var database = await postgres.OpenFreshAsync();
        var channels = new ChannelRepository(database, _clock);
        await channels.CreateAsync("demo", new());

        await Should.ThrowAsync<OperationException>(() => channels.CreateAsync("demo", new()));
        await Should.ThrowAsync<OperationException>(() => channels.SetAsync("none", new(Title: "x")));
        await Should.ThrowAsync<OperationException>(() => channels.DeleteAsync("none"));
        await Should.ThrowAsync<OperationException>(() => new TokenRepository(database, _clock).RevokeAsync("nosuchid"));

        (await new AuditLog(database).ListAsync(new())).ShouldHaveSingleItem().Actor.ShouldBe(Actor.Server);
    }

    [Fact]
    public async Task Audit_log_is_paged_newest_first_and_filtered_by_actor_subject_and_action()
    {
        await using var database = await postgres.OpenFreshAsync();
        var (channels, log) = (new ChannelRepository(database, _clock), new AuditLog(database));
        await channels.CreateAsync("one", new());
        using (Actor.Use(Jane))
        {
            await channels.CreateAsync("two", new());
            await channels.SetAsync("two", new(Title: "2"));
        }

        await new TokenRepository(database, _clock).CreateAsync(TokenRole.Viewer, "100%");

        (await ActionsAsync(new())).ShouldBe(["token.create", "channel.change", "channel.create", "channel.create"]);
        (await ActionsAsync(new(Actor: "command"))).ShouldBe(["channel.change", "channel.create"]);
        (await ActionsAsync(new(Actor: "command/jane"))).Length.ShouldBe(2);
        (await ActionsAsync(new(Actor: "command/jim"))).ShouldBeEmpty();
        (await ActionsAsync(new(Subject: "channel"))).Length.ShouldBe(3);
        (await ActionsAsync(new(Subject: "channel/two"))).Length.ShouldBe(2);
        (await ActionsAsync(new(Subject: "chan%"))).ShouldBeEmpty();
        (await ActionsAsync(new(Action: "channel.create"))).Length.ShouldBe(2);
        var page = await log.ListAsync(new(Limit: 3));
        (await log.ListAsync(new(Limit: 3, Before: page[^1].Id))).ShouldHaveSingleItem().Subject.ShouldBe("channel/one");
        await Should.ThrowAsync<OperationException>(() => log.ListAsync(new(Limit: 201)));

        async Task<string[]> ActionsAsync(AuditFilter filter) => [.. (await log.ListAsync(filter)).Select(e => e.Action)];
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=201", "limit")]
    [InlineData("before=x", "before")]
    [InlineData("actor=", "actor")]
    public async Task Invalid_query_parameter_is_named_in_the_response(string query, string member)
    {
        await using var server = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (status, problem, _) = await server.SendAsync("GET", "/api/v1/audit?" + query, await server.TokenAsync(TokenRole.Admin));
        status.ShouldBe(400);
        problem.GetProperty("errors").EnumerateObject().Single().Name.ShouldBe(member);
    }

    [Fact]
    public async Task Audit_rows_expire_after_the_retention_and_cannot_be_changed()
    {
        await using var database = await postgres.OpenFreshAsync();
        var log = new AuditLog(database);
        await new ChannelRepository(database, _clock).CreateAsync("old", new());
        _clock.Advance(TimeSpan.FromDays(365));
        await new ChannelRepository(database, _clock).CreateAsync("young", new());
        _clock.Advance(TimeSpan.FromSeconds(1));

        using (var keeper = new AuditRetentionService(database, log, RecordingHarness.CreateDeletionClock(_clock),
            Options.Create(new ControlOptions()), _clock,
            NullLogger<AuditRetentionService>.Instance))
        {
            await keeper.StartAsync(default);
            await Poll.UntilAsync(async () => (await log.ListAsync(new())).Count == 1);
            await keeper.StopAsync(default);
        }

        (await log.ListAsync(new())).Single().Subject.ShouldBe("channel/young");
        await using var forge = database.Source.CreateCommand("UPDATE audit_log SET actor_id = 'somebody else'");
        await Should.ThrowAsync<PostgresException>(() => forge.ExecuteNonQueryAsync());
    }

    [Fact]
    public async Task Audit_rows_stay_while_the_clock_of_the_server_is_ahead_of_that_of_the_database()
    {
        await using var database = await postgres.OpenFreshAsync();
        var log = new AuditLog(database);
        await new ChannelRepository(database, _clock).CreateAsync("old", new());
        var databaseTime = _clock.GetUtcNow();
        _clock.Step(TimeSpan.FromDays(366));
        var reads = 0;
        using var keeper = new AuditRetentionService(database, log, RecordingHarness.CreateDeletionClock(_clock, Read),
            Options.Create(new ControlOptions()), _clock, NullLogger<AuditRetentionService>.Instance);

        await keeper.StartAsync(default);
        await Poll.UntilAsync(() => reads == 1);
        await PassAsync();
        await PassAsync();
        (await log.ListAsync(new())).Count.ShouldBe(1);

        databaseTime = _clock.GetUtcNow();   // it was the database's clock that was wrong
        await PassAsync();
        await PassAsync();
        await Poll.UntilAsync(async () => (await log.ListAsync(new())).Count == 0);
        await keeper.StopAsync(default);

        DateTimeOffset Read()
        {
            reads++;
            return databaseTime;
        }

        async Task PassAsync()
        {
            var before = reads;
            await Poll.UntilAsync(() =>
            {
                _clock.Advance(TimeSpan.FromMinutes(1));
                databaseTime += TimeSpan.FromMinutes(1);
                return reads > before;
            });
        }
    }

    [Fact]
    public async Task Oversized_audit_values_are_truncated_and_do_not_block_the_change()
    {
        await using var database = await postgres.OpenFreshAsync();
        using var acting = Actor.Use(new(ActorKind.Token, new string('i', 300), "a\0b", new string('f', 100)));
        await using var connection = await database.Source.OpenConnectionAsync();
        await AuditLog.RecordAsync(
            connection, null, _clock.GetUtcNow(), "channel.change", "channel/" + new string('x', 400),
            AuditLog.Detail(("title", new string('t', 499) + "😀"), ("none", null)), default);

        var row = (await new AuditLog(database).ListAsync(new())).Single();
        (row.Actor.Id.Length, row.Actor.Name, row.Actor.Address.Length, row.Subject.Length).ShouldBe((200, "ab", 64, 300));
        row.Detail.ShouldHaveSingleItem().Value.Length.ShouldBe(499);
    }

    [Fact]
    public async Task Current_actor_is_limited_to_its_scope()
    {
        Actor.Current.ShouldBe(Actor.Server);
        using (Actor.Use(Jane))
        {
            await Task.Yield();
            Actor.Current.ShouldBe(Jane);
            using (Actor.Use(Jane with { Id = "jim" }))
            {
                Actor.Current.Id.ShouldBe("jim");
            }

            Actor.Current.ShouldBe(Jane);
        }

        Actor.Current.ShouldBe(Actor.Server);
    }
}

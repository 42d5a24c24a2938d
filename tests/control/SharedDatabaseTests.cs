using Broadcast.Control.Channels;
using Broadcast.Control.Events;
using Broadcast.Control.Identity;
using Broadcast.Control.Publishing;
using Broadcast.Control.Recordings;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Dapper;
using Shouldly;
using Xunit;
using static Broadcast.Control.Tests.SharedDatabase;

namespace Broadcast.Control.Tests;

/// <summary>Several servers on one database.</summary>
public sealed class SharedDatabaseTests(PostgresFixture postgres)
{
    [Fact]
    public async Task Starting_server_leaves_remote_sessions_open_and_rejects_their_encoder()
    {
        var options = await postgres.FreshAsync();
        await using var a = await Server.StartAsync(options.ConnectionString);
        var (key, grant) = await OnAirAsync(a);

        await using var b = await Server.StartAsync(options.ConnectionString);

        var refused = (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>().Otherwise;
        refused.Reason.ShouldBe(PublishRejectionReason.ChannelBusy);
        refused.Message.ShouldContain($"on air at server '{a.Get<ServerIdentity>().Name}'");
        b.Get<SessionManager>().Sessions().ShouldBeEmpty();
        b.Lifecycle.Ended.ShouldBeEmpty();
        b.Lifecycle.Release.ShouldBe([grant.Session.Id]);
        grant.Revoked.IsCancellationRequested.ShouldBeFalse();
        (await RowAsync(a, grant.Session.Id)).ShouldBe(new Row(1, null, a.Get<ServerIdentity>().Id));

        await a.StopAsync();   // an orderly stop releases its sessions immediately
        await using var c = await Server.StartAsync(options.ConnectionString);
        (await c.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant.Session.ShouldBe(grant.Session with { Epoch = 2 });
    }

    [Fact]
    public async Task Remote_session_is_known_until_it_ends_and_then_frees_the_channel()
    {
        var options = await postgres.FreshAsync();
        await using var a = await Server.StartAsync(options.ConnectionString);
        await using var b = await Server.StartAsync(options.ConnectionString);
        var (key, grant) = await OnAirAsync(a);
        // an earlier request would start one
        await Poll.UntilAsync(() => b.Get<RemoteSessions>().Has(ChannelName.Parse("demo")), description: "B hears of it");
        (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>().Otherwise.Reason
            .ShouldBe(PublishRejectionReason.ChannelBusy);

        var (status, body, _) = await b.SendAsync("POST", "/api/v1/channels/demo/end", await b.TokenAsync(TokenRole.Producer));

        status.ShouldBe(200);
        body.GetProperty("session").GetString().ShouldBe(grant.Session.Id.Value);
        await Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested, description: "A sends its encoder away");
        await Poll.UntilAsync(() => a.Lifecycle.Ended.Count == 1);
        a.Lifecycle.Ended[0].ShouldBe(("demo", grant.Session.Id, "ended by an operator"));
        await Poll.UntilAsync(async () => (await RowAsync(a, grant.Session.Id)).EndReason == "ended by an operator");
        await a.Get<IPublishAuthorizer>().ReportEndAsync(grant, "disconnected", default);
        await Poll.UntilAsync(async () => await b.AskAsync(key) is PublishDecision.Granted);
        b.Lifecycle.Ended.ShouldBeEmpty();
    }

    [Fact]
    public async Task Event_ended_on_another_server_ends_the_session_on_its_owner()
    {
        var options = await postgres.FreshAsync();
        await using var a = await Server.StartAsync(options.ConnectionString);
        await using var b = await Server.StartAsync(options.ConnectionString);
        var (_, grant) = await OnAirAsync(a);
        var now = TimeProvider.System.GetUtcNow();
        var planned = await b.Get<EventRepository>().CreateAsync(
            new() { Title = "Show", Channel = "demo", Start = EventTime.At(now.AddSeconds(-1)), End = EventTime.At(now.AddHours(1)) });
        await Poll.UntilAsync(async () => (await b.Get<EventRepository>().GetAsync(planned.Id)).State == EventState.Live);

        await b.Get<EventRepository>().EndAsync(planned.Id);

        await Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested);
        await Poll.UntilAsync(async () => (await RowAsync(b, grant.Session.Id)).EndReason?.StartsWith("the event ended",
            StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task Killed_server_that_restarts_within_its_lease_continues_its_session()
    {
        var options = await postgres.FreshAsync();
        using var folder = TempFolder.Create();
        await using var b = await Server.StartAsync(options.ConnectionString);
        var a = await Server.StartAsync(options.ConnectionString, folder.Path);
        var (key, grant) = await OnAirAsync(a);
        var id = a.Get<ServerIdentity>().Id;
        await a.DisposeAsync();
        await KilledAsync(b, grant.Session.Id, secondsAgo: 1);
        await b.Get<ServerLeaseService>().RunOnceAsync(default);
        (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>("its lease holds");

        await using var back = await Server.StartAsync(options.ConnectionString, folder.Path);

        (await back.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant.Session.ShouldBe(grant.Session with { Epoch = 2 });
        back.Get<ServerIdentity>().Id.ShouldBe(id);
    }

    [Fact]
    public async Task Killed_container_that_restarts_under_another_host_name_keeps_its_server_id()
    {
        var options = await postgres.FreshAsync();
        using var folder = TempFolder.Create();
        var a = await Server.StartAsync(options.ConnectionString, folder.Path);
        var (key, grant) = await OnAirAsync(a);
        var id = a.Get<ServerIdentity>().Id;
        await a.DisposeAsync();
        await using (var source = Npgsql.NpgsqlDataSource.Create(options.ConnectionString!))
        await using (var killed = source.CreateCommand(
            "UPDATE servers SET released = false, place = 'the host before', lease_until = clock_timestamp() + interval '10 minutes'"))
        {
            await killed.ExecuteNonQueryAsync();
        }

        await using var back = await Server.StartAsync(options.ConnectionString, folder.Path,
            settings: ("Control:ServerLease", "00:00:01"));

        back.Get<ServerIdentity>().Id.ShouldBe(id);
        File.ReadAllText(folder.Sub(ServerIdentity.FileName)).Trim().ShouldBe(id.ToString());
        (await back.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant.Session.ShouldBe(grant.Session with { Epoch = 2 });
        await back.Get<ServerLeaseService>().RunOnceAsync(default);
        back.Get<ServerIdentity>().Id.ShouldBe(id);
    }

    [Fact]
    public async Task Disconnect_request_for_an_encoder_of_a_server_with_an_unknown_address_is_rejected()
    {
        var options = await postgres.FreshAsync();
        await using var a = await Server.StartAsync(options.ConnectionString);
        var (_, grant) = await OnAirAsync(a);
        await using var b = await Server.StartAsync(options.ConnectionString);

        var (status, body, _) = await b.SendAsync("POST", "/api/v1/channels/demo/kick", await b.TokenAsync(TokenRole.Producer));

        (status, body.ToString()).ShouldSatisfyAllConditions(answer => answer.status.ShouldBe(503),
            answer => answer.Item2.ShouldContain("has no known internal address"));
        grant.Revoked.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public async Task Sessions_of_a_lost_server_are_ended_once_by_concurrent_servers()
    {
        var options = await postgres.FreshAsync();
        await using var b = await Server.StartAsync(options.ConnectionString);
        await using var c = await Server.StartAsync(options.ConnectionString);
        var a = await Server.StartAsync(options.ConnectionString);
        var (key, grant) = await OnAirAsync(a, TimeSpan.FromSeconds(30));
        await a.DisposeAsync();

        await KilledAsync(b, grant.Session.Id, secondsAgo: 100);
        await Task.WhenAll(b.Get<ServerLeaseService>().RunOnceAsync(default), c.Get<ServerLeaseService>().RunOnceAsync(default));

        (await RowAsync(b, grant.Session.Id)).EndReason.ShouldBe(SessionClaims.ServerLostReason);
        await Task.WhenAll(b.Get<ServerLeaseService>().RunOnceAsync(default), c.Get<ServerLeaseService>().RunOnceAsync(default));
        await using var connection = await b.Get<ServerDatabase>().Source.OpenConnectionAsync();
        (await connection.ExecuteScalarAsync<long>(
            "SELECT count(*) FROM stream_events WHERE type = 'channel.state' AND channel = 'demo'")).ShouldBe(1,
            "the end of the broadcast is reported once");
        var next = (await c.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant.Session;
        next.Id.ShouldNotBe(grant.Session.Id);
        (b.Lifecycle.Ended.Count, c.Lifecycle.Ended.Count).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Encoder_can_replace_a_session_of_an_unresponsive_server_before_that_session_is_ended()
    {
        var options = await postgres.FreshAsync();
        await using var b = await Server.StartAsync(options.ConnectionString);
        var a = await Server.StartAsync(options.ConnectionString);
        var (key, grant) = await OnAirAsync(a);
        await a.DisposeAsync();
        await KilledAsync(b, grant.Session.Id, secondsAgo: 21);
        await b.Get<ServerLeaseService>().RunOnceAsync(default);
        (await RowAsync(b, grant.Session.Id)).EndReason.ShouldBeNull("it may come back");

        (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>();

        await Poll.UntilAsync(async () => (await RowAsync(b, grant.Session.Id)).EndReason == SessionClaims.ServerLostReason);
        await Poll.UntilAsync(async () => (await OpenAsync(b)).SequenceEqual(b.Get<SessionManager>().Sessions().Select(s => s.Id.Value)));
    }

    [Fact]
    public async Task Database_outage_of_all_servers_ends_no_sessions()
    {
        var options = await postgres.FreshAsync();
        await using var b = await Server.StartAsync(options.ConnectionString);
        await using var a = await Server.StartAsync(options.ConnectionString);
        var (key, grant) = await OnAirAsync(a);
        await ExecuteAsync(b,
            "UPDATE servers SET unbroken_since = unbroken_since - interval '10 minutes', lease_until = clock_timestamp() - interval '6 "
            + "minutes'");

        await using (var connection = await b.Get<ServerDatabase>().Source.OpenConnectionAsync())
        {
            await b.Get<OwnershipCheck>().RunAsync(connection, default);   // B is back first, without a renewed lease
        }

        await b.Get<ServerLeaseService>().RunOnceAsync(default);
        (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>().Otherwise.Reason
            .ShouldBe(PublishRejectionReason.ChannelBusy);
        await a.Get<ServerLeaseService>().RunOnceAsync(default);
        (await RowAsync(a, grant.Session.Id)).ShouldBe(new Row(1, null, a.Get<ServerIdentity>().Id));
        grant.Revoked.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public async Task Server_ends_a_session_that_another_server_ended_and_does_not_reopen_it()
    {
        await using var a = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (_, grant) = await OnAirAsync(a);
        await ExecuteAsync(a, "UPDATE sessions SET ended_at = clock_timestamp(), end_reason = 'its server is gone'");

        await Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested && a.Lifecycle.Ended.Count == 1);

        await a.Get<SessionWriter>().FlushAsync(default);
        (await RowAsync(a, grant.Session.Id)).EndReason.ShouldBe("its server is gone");
        a.Get<SessionManager>().Sessions().ShouldBeEmpty();
    }

    [Fact]
    public async Task Server_ends_a_session_taken_by_another_server_and_leaves_its_row_unchanged()
    {
        await using var a = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (key, grant) = await OnAirAsync(a);
        var other = await AddServerAsync(a);
        await ExecuteAsync(a, $"UPDATE sessions SET owner = '{other}', epoch = epoch + 1");

        await Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested);

        await a.Get<IPublishAuthorizer>().ReportEndAsync(grant, "disconnected", default);
        await a.Get<SessionWriter>().FlushAsync(default);
        (await RowAsync(a, grant.Session.Id)).ShouldBe(new Row(2, null, other));
        (await a.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>().Otherwise.Reason
            .ShouldBe(PublishRejectionReason.ChannelBusy);
    }

    [Fact]
    public async Task Claim_that_the_database_has_lost_is_written_again_and_its_session_continues()
    {
        var options = await postgres.FreshAsync();
        var key = await OnceOnAirAsync(options.ConnectionString);
        await using var server = await Server.StartAsync(options.ConnectionString);
        var grant = await WithLostClaimAsync(server, key);
        (await server.Get<IServerDirectory>().IsTakenOverAsync(grant.Session.Channel, default)).ShouldBeFalse();

        await server.Get<ServerLeaseService>().RunOnceAsync(default);

        (await RowAsync(server, grant.Session.Id)).ShouldBe(new Row(2, null, server.Get<ServerIdentity>().Id));
        grant.Revoked.IsCancellationRequested.ShouldBeFalse();
        server.Lifecycle.Release.ShouldBeEmpty();
    }

    [Fact]
    public async Task Starting_server_takes_no_session_over_because_of_leases_from_before_a_failover()
    {
        var options = await postgres.FreshAsync();
        await using var a = await Server.StartAsync(options.ConnectionString, settings: [("Control:ServerLease", "00:10:00")]);
        var (_, grant) = await OnAirAsync(a);

        // No server could renew while the database was away, and the standby that replaces it has run for long.
        await ExecuteAsync(a, "UPDATE servers SET lease_until = clock_timestamp() - interval '10 seconds'");
        await using var b = await Server.StartAsync(options.ConnectionString, settings: [("Control:ServerLease", "00:00:02")]);

        (await RowAsync(a, grant.Session.Id)).ShouldBe(new Row(1, null, a.Get<ServerIdentity>().Id));
        b.Get<SessionManager>().Sessions().ShouldBeEmpty();
    }

    [Fact]
    public async Task Record_of_a_session_whose_claim_the_database_has_lost_is_written()
    {
        var options = await postgres.FreshAsync();
        var key = await OnceOnAirAsync(options.ConnectionString);
        await using var server = await Server.StartAsync(options.ConnectionString);
        var grant = await WithLostClaimAsync(server, key);

        await server.Get<IPublishAuthorizer>().ReportEndAsync(grant, "disconnected", default);
        await server.Get<SessionWriter>().FlushAsync(default);

        (await RowAsync(server, grant.Session.Id)).ShouldBe(new Row(2, null, server.Get<ServerIdentity>().Id));
        server.Get<SessionManager>().Sessions().ShouldHaveSingleItem().Id.ShouldBe(grant.Session.Id);
    }

    [Fact]
    public async Task Second_writer_of_concurrently_opened_sessions_loses_and_its_session_is_ended()
    {
        await using var rig = await PublishHarness.OpenAsync(postgres);
        var key = (await rig.Channels.CreateAsync("demo", new())).Key.Key.Id;
        var record = (await rig.Register.FindAsync(key, default)).Key.ShouldNotBeNull();
        var (first, second) = (NewBook(rig), NewBook(rig));
        var won = first.Book.Admit(record, default, TimeSpan.Zero).ShouldBeOfType<AdmissionResult.Admitted>().Grant;
        second.Book.StartAfter(won.Session.Id);
        var lost = second.Book.Admit(record, default, TimeSpan.Zero).ShouldBeOfType<AdmissionResult.Admitted>().Grant;

        await first.Ledger.FlushAsync(default);
        await second.Ledger.FlushAsync(default);
        await first.Ledger.FlushAsync(default);

        await Poll.UntilAsync(() => lost.Revoked.IsCancellationRequested);
        won.Revoked.IsCancellationRequested.ShouldBeFalse();
        var sessions = await new SessionHistory(rig.Database).ListAsync("demo");
        sessions.Single(s => s.Id == won.Session.Id.Value).EndedAt.ShouldBeNull();
        sessions.Single(s => s.Id == lost.Session.Id.Value).EndReason.ShouldBe("the channel is on air at another server");
    }

    [Fact]
    public async Task Server_with_a_copied_data_folder_gets_a_new_id_without_affecting_the_first()
    {
        var options = await postgres.FreshAsync();
        using var folder = TempFolder.Create();
        using var copy = TempFolder.Create();
        await using var a = await Server.StartAsync(options.ConnectionString, folder.Path);
        var (_, grant) = await OnAirAsync(a);
        File.Copy(folder.Sub(ServerIdentity.FileName), copy.Sub(ServerIdentity.FileName));

        var starting = Server.StartAsync(options.ConnectionString, copy.Path, settings: ("Control:ServerLease", "00:00:04"));
        while (!starting.IsCompleted)
        {
            await a.Get<ServerLeaseService>().RunOnceAsync(default);   // its lease is valid
        }

        await using var b = await starting;
        b.Get<ServerIdentity>().Id.ShouldNotBe(a.Get<ServerIdentity>().Id);
        File.ReadAllText(copy.Sub(ServerIdentity.FileName)).Trim().ShouldBe(b.Get<ServerIdentity>().Id.ToString());
        await a.Get<ServerLeaseService>().RunOnceAsync(default);
        grant.Revoked.IsCancellationRequested.ShouldBeFalse();
        (await RowAsync(a, grant.Session.Id)).Epoch.ShouldBe(1);
    }

    [Fact]
    public async Task Media_of_a_deleted_channel_are_removed_by_the_owner_of_its_session()
    {
        var options = await postgres.FreshAsync();
        await using var b = await Server.StartAsync(options.ConnectionString);
        await using var a = await Server.StartAsync(options.ConnectionString);
        var (_, grant) = await OnAirAsync(a);

        await b.Get<ChannelRepository>().DeleteAsync("demo");

        await Poll.UntilAsync(() => a.Lifecycle.Forgotten.Contains(grant.Session.Id) || b.Lifecycle.Forgotten.Contains(grant.Session.Id));
        a.Lifecycle.Ended.ShouldHaveSingleItem().Session.ShouldBe(grant.Session.Id);
        a.Lifecycle.Forgotten.ShouldContain(grant.Session.Id);
    }

    [Fact]
    public async Task Session_of_an_unresponsive_server_is_ended_at_once_on_request()
    {
        var options = await postgres.FreshAsync();
        await using var b = await Server.StartAsync(options.ConnectionString);
        var a = await Server.StartAsync(options.ConnectionString);
        var (_, grant) = await OnAirAsync(a);
        await a.DisposeAsync();
        await KilledAsync(b, grant.Session.Id, secondsAgo: 21);

        var (status, body, _) = await b.SendAsync("POST", "/api/v1/channels/demo/end", await b.TokenAsync(TokenRole.Producer));

        (status, body.GetProperty("session").GetString()).ShouldBe((200, grant.Session.Id.Value));
        await Poll.UntilAsync(async () => (await RowAsync(b, grant.Session.Id)).EndReason == "ended by an operator");
    }

    [Fact]
    public async Task Server_with_a_duplicate_id_gets_a_new_id_and_abandons_its_sessions()
    {
        using var folder = TempFolder.Create();
        await using var a = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, folder.Path);
        var (_, grant) = await OnAirAsync(a);
        var shared = a.Get<ServerIdentity>().Id;
        await ExecuteAsync(a, "UPDATE servers SET run = gen_random_uuid()");
        await ExecuteAsync(a, "UPDATE sessions SET epoch = epoch + 1");

        await a.Get<ServerLeaseService>().RunOnceAsync(default);

        a.Get<ServerIdentity>().Id.ShouldNotBe(shared);
        File.ReadAllText(folder.Sub(ServerIdentity.FileName)).Trim()
            .ShouldBe(shared.ToString(), "which of the two is to have it is for people to say");
        await Poll.UntilAsync(() => grant.Revoked.IsCancellationRequested);
        await a.Get<SessionWriter>().FlushAsync(default);
        (await RowAsync(a, grant.Session.Id)).ShouldBe(new Row(2, null, shared));
    }

    [Fact]
    public async Task Only_the_server_of_a_recording_can_declare_it_empty()
    {
        var options = await postgres.FreshAsync();
        var missing = new SaidMedia();
        await using var b = await Server.StartAsync(options.ConnectionString, media: missing);
        var a = await Server.StartAsync(options.ConnectionString);
        var (_, grant) = await OnAirAsync(a);
        missing.Empty.Add(grant.Session.Id);   // all of it is in A's spool
        a.Get<SessionManager>().End(grant.Session.Id, "over");
        await a.Get<SessionWriter>().FlushAsync(default);

        await b.Get<RecordingRetentionService>().RunOnceAsync(default);
        await a.DisposeAsync();
        await KilledAsync(b, grant.Session.Id, secondsAgo: 100);
        await b.Get<RecordingRetentionService>().RunOnceAsync(default);

        await using (var connection = await b.Get<ServerDatabase>().Source.OpenConnectionAsync())
        {
            (await connection.ExecuteScalarAsync<long>("SELECT count(*) FROM recordings WHERE deleted_at IS NULL")).ShouldBe(1);
        }

        missing.Empty.Clear();   // another instance of A uploaded it
        await b.Get<RecordingRetentionService>().RunOnceAsync(default);
        await using var again = await b.Get<ServerDatabase>().Source.OpenConnectionAsync();
        (await again.ExecuteScalarAsync<long>("SELECT count(*) FROM recordings WHERE playable")).ShouldBe(1);
    }

    /// <summary>Creates a session with epoch 1 whose server has stopped, and returns the key of its channel.</summary>
    private static async Task<string> OnceOnAirAsync(string? connectionString)
    {
        await using var server = await Server.StartAsync(connectionString);
        var (key, _) = await OnAirAsync(server);
        await server.StopAsync();
        return key;
    }

    /// <summary>
    /// Continues the session with epoch 2, and gives its row to another live server with epoch 1, as a failover to a standby does that has
    /// not received the claim.
    /// </summary>
    private static async Task<PublishGrant> WithLostClaimAsync(Server server, string key)
    {
        var grant = (await server.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant;
        grant.Session.Epoch.ShouldBe(2);
        await server.Get<SessionWriter>().FlushAsync(default);
        await ExecuteAsync(server, $"UPDATE sessions SET owner = '{await AddServerAsync(server)}', epoch = 1");
        return grant;
    }
}

using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Servers;
using Broadcast.Control.Sessions;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.PackagerToControl;
using Broadcast.Testing;
using Shouldly;
using Xunit;
using static Broadcast.Control.Tests.SharedDatabase;

namespace Broadcast.Control.Tests;

/// <summary>Ownership of sessions as control confirms it to the packager, and channels that servers give up to each other.</summary>
public sealed class SessionOwnersTests(PostgresFixture postgres)
{
    [Theory]
    [InlineData("an open session of this server", true, false, true, true, true, false, -10, 1, SessionOwnership.Open)]
    [InlineData("an ended session of this server", true, true, true, true, true, false, -10, 1, SessionOwnership.Closed)]
    [InlineData("an open session without owner", true, false, false, false, false, false, 0, 1, SessionOwnership.Undecided)]
    [InlineData("an ended session without owner", true, true, false, false, false, false, 0, 1, SessionOwnership.Closed)]
    [InlineData("an open session of a live server", true, false, true, false, true, false, -10, 1, SessionOwnership.Elsewhere)]
    [InlineData("an ended session of a live server", true, true, true, false, true, false, -10, 1, SessionOwnership.Elsewhere)]
    [InlineData("an open session of a stopped server", true, false, true, false, true, true, 5, 1, SessionOwnership.Undecided)]
    [InlineData("an ended session of a stopped server", true, true, true, false, true, true, 5, 1, SessionOwnership.Closed)]
    [InlineData("an ended session of a silent server", true, true, true, false, true, false, 3600, 1, SessionOwnership.Undecided)]
    [InlineData("an ended session of a lost server", true, true, true, false, true, false, 90_000, 1, SessionOwnership.Closed)]
    [InlineData("an ended session of a server without row", true, true, true, false, false, false, 0, 1, SessionOwnership.Undecided)]
    [InlineData("an old session of a server without row", true, true, true, false, false, false, 0, 30, SessionOwnership.Closed)]
    [InlineData("a session without row", false, false, false, false, false, false, 0, 1, SessionOwnership.Undecided)]
    [InlineData("an old session without row", false, false, false, false, false, false, 0, 30, SessionOwnership.Closed)]
    public void Only_sessions_that_no_other_server_can_serve_may_be_changed(string what, bool hasRow, bool isEnded, bool hasOwner,
        bool isOwnedHere, bool isKnown, bool isReleased, double expiredFor, int hours, SessionOwnership expected) =>
        SessionOwners.Evaluate(new(hasRow, isEnded, hasOwner, isOwnedHere, isKnown, isReleased, expiredFor, HasOthers: true),
            TimeSpan.FromHours(hours)).ShouldBe(expected, what);

    [Fact]
    public void Sole_server_may_change_a_session_without_row() =>
        SessionOwners.Evaluate(new(false, false, false, false, false, false, 0, HasOthers: false), TimeSpan.Zero)
            .ShouldBe(SessionOwnership.Closed);

    [Fact]
    public async Task Ownership_follows_the_session_from_its_start_to_the_stop_of_its_server()
    {
        var options = await postgres.FreshAsync();
        await using var b = await Server.StartAsync(options.ConnectionString);
        var a = await Server.StartAsync(options.ConnectionString);
        var (_, grant) = await OnAirAsync(a);
        (await OwnershipAsync(a, grant), await OwnershipAsync(b, grant)).ShouldBe((SessionOwnership.Open, SessionOwnership.Elsewhere));

        a.Get<SessionManager>().End(grant.Session.Id, "over");
        await a.Get<SessionWriter>().FlushAsync(default);
        (await OwnershipAsync(a, grant), await OwnershipAsync(b, grant)).ShouldBe((SessionOwnership.Closed, SessionOwnership.Elsewhere));

        await a.DisposeAsync();
        (await OwnershipAsync(b, grant)).ShouldBe(SessionOwnership.Closed);
        await KilledAsync(b, grant.Session.Id, secondsAgo: 100);
        (await OwnershipAsync(b, grant)).ShouldBe(SessionOwnership.Undecided, "it may still serve the session, without the database");
    }

    [Fact]
    public async Task Nothing_is_confirmed_before_the_lease_is_taken()
    {
        using var folder = TempFolder.Create();
        await using var a = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, folder.Path);
        var (_, grant) = await OnAirAsync(a);

        a.Get<ServerIdentity>().Renew(persist: false);

        (await OwnershipAsync(a, grant)).ShouldBe(SessionOwnership.Undecided);
    }

    [Fact]
    public async Task Running_server_releases_a_channel_when_another_server_begins_its_session()
    {
        var options = await postgres.FreshAsync();
        await using var b = await Server.StartAsync(options.ConnectionString);
        await using var a = await Server.StartAsync(options.ConnectionString);

        var (_, grant) = await OnAirAsync(a);

        await Poll.UntilAsync(() => b.Lifecycle.Release.Contains(grant.Session.Id));
        a.Lifecycle.Release.ShouldBeEmpty();
    }

    [Fact]
    public async Task Session_taken_over_by_another_server_is_released_before_it_ends_here()
    {
        await using var a = await Server.StartAsync((await postgres.FreshAsync()).ConnectionString);
        var (_, grant) = await OnAirAsync(a);
        var other = await AddServerAsync(a);

        await ExecuteAsync(a, $"UPDATE sessions SET owner = '{other}', epoch = epoch + 1");

        await Poll.UntilAsync(() => a.Lifecycle.Ended.Count == 1);
        a.Lifecycle.Release.ShouldContain(grant.Session.Id);
        a.Lifecycle.ReleasedBeforeEnd.ShouldContain(grant.Session.Id);
    }

    [Fact]
    public async Task Lease_given_back_by_a_stopping_server_admits_its_encoders_elsewhere_at_once()
    {
        // No server renews its lease, and so reads ownership, during the test.
        var options = await postgres.FreshAsync();
        await using var b = await Server.StartAsync(options.ConnectionString, settings: ("Control:ServerLease", "00:10:00"));
        await using var a = await Server.StartAsync(options.ConnectionString, settings: ("Control:ServerLease", "00:10:00"));
        var (key, grant) = await OnAirAsync(a);
        await Poll.UntilAsync(() => b.Get<RemoteSessions>().Has(ChannelName.Parse("demo")));

        await a.StopAsync();

        await Poll.UntilAsync(() => !b.Get<RemoteSessions>().Has(ChannelName.Parse("demo")));
        (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.Granted>().Grant.Session.Id.ShouldNotBe(grant.Session.Id);
    }

    [Fact]
    public async Task Rejection_names_the_server_that_has_the_channel_and_the_remedy()
    {
        var options = await postgres.FreshAsync();
        await using var b = await Server.StartAsync(options.ConnectionString);
        await using var a = await Server.StartAsync(options.ConnectionString);
        var (key, _) = await OnAirAsync(a);
        var backup = (await a.Get<StreamKeys>().CreateAsync("demo", role: StreamKeyRole.Backup)).StreamKey;
        await Poll.UntilAsync(() => b.Get<RemoteSessions>().Has(ChannelName.Parse("demo")));
        var server = $"Channel demo is on air at server '{a.Get<ServerIdentity>().Name}'. ";
        const string Admission = " This server accepts the encoder once that session has ended, or that server has stopped or has been "
            + "unreachable for 6 s.";

        (await b.AskAsync(key)).ShouldBeOfType<PublishDecision.OnAirElsewhere>().Otherwise.Message
            .ShouldBe(server + "Publish to that server, or end the session there first." + Admission);
        (await b.AskAsync(backup)).ShouldBeOfType<PublishDecision.OnAirElsewhere>().Otherwise.Message
            .ShouldBe(server + "Publish the backup encoder to the same server as the primary." + Admission);
        (await a.AskAsync(backup)).ShouldBeOfType<PublishDecision.Granted>();
    }

    [Fact]
    public async Task Backup_encoder_begins_no_second_session_at_a_server_that_was_not_notified_of_the_first()
    {
        // Neither a notification nor a renewal tells B of the session.
        var options = await postgres.FreshAsync();
        await using var b = await Server.StartAsync(options.ConnectionString,
            settings: [("Control:ServerLease", "00:10:00"), ("Control:LookupTimeout", "00:00:30")]);
        await using var a = await Server.StartAsync(options.ConnectionString);
        await Poll.UntilAsync(async () => await CountLeasesAsync(a) == 2);
        await ExecuteAsync(a, "ALTER TABLE sessions DISABLE TRIGGER USER");
        var (_, grant) = await OnAirAsync(a);
        var backup = (await a.Get<StreamKeys>().CreateAsync("demo", role: StreamKeyRole.Backup)).StreamKey;
        b.Get<RemoteSessions>().Has(ChannelName.Parse("demo")).ShouldBeFalse();

        var decision = await b.AskAsync(backup);

        var rejected = decision.ShouldBeOfType<PublishDecision.OnAirElsewhere>().Otherwise;
        rejected.Reason.ShouldBe(PublishRejectionReason.ChannelBusy);
        rejected.Message.ShouldStartWith($"Channel demo is on air at server '{a.Get<ServerIdentity>().Name}'.");
        b.Get<SessionManager>().Sessions().ShouldBeEmpty();
        (await OpenAsync(a)).ShouldBe([grant.Session.Id.Value]);
        grant.Revoked.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public async Task Encoder_is_admitted_as_soon_as_the_lease_of_the_other_server_has_ended()
    {
        // B renews its lease, and so reads ownership, too late for this test.
        var options = await postgres.FreshAsync();
        await using var b = await Server.StartAsync(options.ConnectionString, settings: ("Control:ServerLease", "00:10:00"));
        var a = await Server.StartAsync(options.ConnectionString, settings: ("Control:ServerLease", "00:10:00"));
        var (key, grant) = await OnAirAsync(a);
        await a.DisposeAsync();
        await KilledAsync(b, grant.Session.Id, secondsAgo: 18);
        await ExecuteAsync(b, "UPDATE servers SET unbroken_since = unbroken_since - interval '1 hour'");
        await using (var connection = await b.Get<ServerDatabase>().Source.OpenConnectionAsync())
        {
            await b.Get<OwnershipCheck>().RunAsync(connection, default);
        }

        b.Get<RemoteSessions>().Has(ChannelName.Parse("demo")).ShouldBeTrue("its lease holds for 2 s");

        await Poll.UntilAsync(async () => await b.AskAsync(key) is PublishDecision.Granted);
    }

    [Fact]
    public async Task Restarted_server_resumes_its_session_and_leaves_an_unknown_one_of_another_server_open()
    {
        var options = await postgres.FreshAsync();
        using var folder = TempFolder.Create();
        await using var other = await Server.StartAsync(options.ConnectionString);
        var a = await Server.StartAsync(options.ConnectionString, folder.Path);
        var (_, grant) = await OnAirAsync(a);
        await a.DisposeAsync();
        var unknown = SessionId.New(TimeProvider.System.GetUtcNow());

        await using var back = await Server.StartAsync(options.ConnectionString, folder.Path, states: new Interrupted(unknown));

        back.Lifecycle.Resumed.ShouldBe([grant.Session.Id]);
        back.Lifecycle.Ended.ShouldBeEmpty("its row may not be written yet");
    }

    private static async Task<SessionOwnership> OwnershipAsync(Server server, PublishGrant grant) =>
        await server.Get<ISessionOwnership>().FindAsync(grant.Session.Id, default);

    /// <summary>A channel whose media in the object store have no end.</summary>
    private sealed class Interrupted(SessionId session) : IChannelRuntimeStates
    {
        public ChannelRuntimeState? Find(ChannelName channel) => new(ChannelRunState.Waiting, session, null);
    }
}

using System.Net;
using System.Text;
using System.Text.Json;
using Broadcast.Control.Api;
using Broadcast.Control.Channels;
using Broadcast.Control.Identity;
using Broadcast.Control.Servers;
using Broadcast.Database;
using Broadcast.Media;
using Broadcast.Media.HostToControl;
using Broadcast.Media.IngestToControl;
using Broadcast.Testing;
using Dapper;
using Shouldly;
using Xunit;
using static Broadcast.Control.Tests.SharedDatabase;

namespace Broadcast.Control.Tests;

/// <summary>Requests about channels that are on air at another server.</summary>
public sealed class OwnerRequestTests(PostgresFixture postgres)
{
    private static readonly DateTimeOffset Since = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public async Task Every_server_answers_with_the_state_at_the_owner()
    {
        await using var pair = await Pair.StartAsync(postgres);
        var token = await pair.Owner.TokenAsync(TokenRole.Producer);

        foreach (var path in new[] { "", "/health", "/measurements", "/measurements?range=day&after=2030-01-01T00:00:00Z" })
        {
            var there = await pair.Owner.SendAsync("GET", $"/api/v1/channels/demo{path}", token);
            var here = await pair.Other.SendAsync("GET", $"/api/v1/channels/demo{path}", token);
            here.Status.ShouldBe(200, path);
            here.Body.GetRawText().ShouldBe(there.Body.GetRawText(), path);
            here.Response.Headers.ETag.ShouldBe(there.Response.Headers.ETag);
            here.Response.Content.Headers.ContentType.ShouldBe(there.Response.Content.Headers.ContentType);
            here.Response.Headers.CacheControl!.ToString().ShouldBe("no-store");
        }

        var list = await pair.Other.SendAsync("GET", "/api/v1/channels", token);
        list.Body.GetRawText().ShouldBe((await pair.Owner.SendAsync("GET", "/api/v1/channels", token)).Body.GetRawText());
        list.Body[0].GetProperty("live").GetProperty("state").GetString().ShouldBe("live");
        list.Body[0].GetProperty("encoding").GetProperty("reencodeReason").GetString().ShouldBe("a codec");
        var changed = await pair.Other.SendAsync("PATCH", "/api/v1/channels/demo", token, new { title = "New" });
        (changed.Status, changed.Body.GetProperty("inputs").GetArrayLength()).ShouldBe((200, 1));
        pair.Peers.Sent.ShouldAllBe(sent => sent.Server.Id == pair.Owner.Get<ServerIdentity>().Id
            && sent.Server.Address == FakePeers.Address);
    }

    [Fact]
    public async Task Encoders_are_disconnected_through_any_server_and_the_audit_log_names_the_caller()
    {
        await using var pair = await Pair.StartAsync(postgres);
        var token = await pair.Other.Get<TokenRepository>().CreateAsync(TokenRole.Producer, "the desk");

        var (status, body, _) = await pair.Other.SendAsync("POST", "/api/v1/channels/demo/kick", token.Token);

        (status, body.GetProperty("encoders").GetInt32()).ShouldBe((200, 1));
        await Poll.UntilAsync(() => pair.Grant.Revoked.IsCancellationRequested);
        await using var connection = await pair.Other.Get<ServerDatabase>().Source.OpenConnectionAsync();
        (await connection.QuerySingleAsync<(string Kind, string Id, string Name, string Address)>(
            "SELECT actor_kind, actor_id, actor_name, address FROM audit_log WHERE action = 'encoder.kick'"))
            .ShouldBe(("token", token.Info.Id, "the desk", "127.0.0.1"));
    }

    [Fact]
    public async Task Owner_that_does_not_answer_is_named_after_three_seconds()
    {
        var time = new ManualTimeProvider();
        await using var pair = await Pair.StartAsync(postgres, time);
        var token = await pair.Owner.TokenAsync(TokenRole.Producer);
        pair.Peers.Answer = async (_, cancellation) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
            throw new IOException();
        };

        foreach (var (method, path) in new[] { ("GET", "/demo"), ("GET", "/demo/health"), ("POST", "/demo/kick") })
        {
            pair.Peers.Sent.Clear();
            var answer = pair.Other.SendAsync(method, $"/api/v1/channels{path}", token);
            await Poll.UntilAsync(() => !pair.Peers.Sent.IsEmpty);
            time.Advance(OwnerRequests.Timeout - TimeSpan.FromMilliseconds(1));
            answer.IsCompleted.ShouldBeFalse();
            time.Advance(TimeSpan.FromMilliseconds(1));
            var (status, body, response) = await answer;
            var name = pair.Owner.Get<ServerIdentity>().Name;
            (status, body.GetProperty("detail").GetString()).ShouldBe((503,
                $"Channel 'demo' is on air at server '{name}', which does not answer; try again in a moment."));
            response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(2));
            response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        }

        pair.Peers.Answer = (_, _) => throw new HttpRequestException("refused");
        (await pair.Other.SendAsync("GET", "/api/v1/channels/demo", token)).Status.ShouldBe(503);
        var list = await pair.Other.SendAsync("GET", "/api/v1/channels", token);
        (list.Status, list.Body[0].GetProperty("live").ValueKind).ShouldBe((200, JsonValueKind.Null));
    }

    [Fact]
    public async Task Server_of_a_version_that_does_not_answer_others_is_named()
    {
        await using var pair = await Pair.StartAsync(postgres);
        pair.Peers.Answer = (_, _) => Task.FromResult(new HttpResponseMessage(HttpStatusCode.NotFound));

        var (status, body, _) = await pair.Other.SendAsync("GET", "/api/v1/channels/demo/health",
            await pair.Owner.TokenAsync(TokenRole.Viewer));

        (status, body.GetProperty("detail").GetString()!.Contains("has a version that does not answer")).ShouldBe((503, true));
    }

    [Fact]
    public async Task Errors_of_the_owner_are_returned()
    {
        await using var pair = await Pair.StartAsync(postgres);
        var (status, body, _) = await pair.Other.SendAsync("GET", "/api/v1/channels/demo/measurements?range=year",
            await pair.Owner.TokenAsync(TokenRole.Viewer));
        status.ShouldBe(400, body.ToString());
        body.GetProperty("errors").TryGetProperty("range", out _).ShouldBeTrue();
    }

    [Fact]
    public async Task Forwarded_request_is_not_forwarded_again()
    {
        await using var pair = await Pair.StartAsync(postgres);
        var third = await AddServerAsync(pair.Owner);
        await ExecuteAsync(pair.Owner, $"UPDATE servers SET address = '192.0.2.3:8090' WHERE id = '{third}'");
        pair.OwnersPeers.Target = pair.Other;
        await ExecuteAsync(pair.Owner, $"UPDATE sessions SET owner = '{third}', epoch = epoch + 1");
        await Poll.UntilAsync(() => pair.Owner.Get<RemoteSessions>().Has(ChannelName.Parse("demo")));

        var token = await pair.Owner.TokenAsync(TokenRole.Producer);
        var caller = ForwardedCaller.Format(new(ActorKind.Token, "id", "", TokenRole.Producer), "");
        var (status, body, _) = await pair.Owner.SendAsync("GET", "/api/v1/channels/demo", null, null,
            ("Test-Certificate", Guid.NewGuid().ToString()), (ForwardedCaller.Header, caller));

        (status, body.GetProperty("detail").GetString()!.Contains("has taken the channel over")).ShouldBe((503, true));
        pair.OwnersPeers.Sent.ShouldBeEmpty();
        (await pair.Owner.SendAsync("GET", "/api/v1/channels", null, null,
            ("Test-Certificate", Guid.NewGuid().ToString()), (ForwardedCaller.Header, caller))).Status.ShouldBe(200);
        pair.OwnersPeers.Sent.ShouldBeEmpty();
        (await pair.Owner.SendAsync("GET", "/api/v1/channels/demo", token)).Status.ShouldBe(503, "the other is not the third either");
        pair.OwnersPeers.Sent.ShouldHaveSingleItem();
        pair.Peers.Sent.ShouldBeEmpty();
    }

    [Fact]
    public async Task Caller_in_a_header_counts_only_in_requests_of_servers()
    {
        await using var pair = await Pair.StartAsync(postgres);
        var admin = ForwardedCaller.Format(new(ActorKind.User, "root", "", TokenRole.Admin), "192.0.2.7");
        var viewer = await pair.Owner.TokenAsync(TokenRole.Viewer);

        (await pair.Owner.SendAsync("GET", "/api/v1/channels/demo", null, null, (ForwardedCaller.Header, admin))).Status.ShouldBe(401);
        (await pair.Owner.SendAsync("POST", "/api/v1/channels/demo/kick", viewer, null, (ForwardedCaller.Header, admin))).Status
            .ShouldBe(403);
        (await pair.Other.SendAsync("POST", "/api/v1/channels/demo/kick", viewer, null, (ForwardedCaller.Header, admin))).Status
            .ShouldBe(403);
        pair.Grant.Revoked.IsCancellationRequested.ShouldBeFalse();

        // The header is not passed on either.
        (await pair.Other.SendAsync("GET", "/api/v1/channels/demo", viewer, null, (ForwardedCaller.Header, admin))).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Caller_of_a_forwarded_request_is_checked()
    {
        await using var pair = await Pair.StartAsync(postgres);
        var callers = new (string? Caller, int Status)[]
        {
            (null, 400),
            ("", 400),
            ("%%%", 400),
            ("{}", 400),
            ("null", 400),
            ("[1]", 400),
            ("""{"Kind":"server","Id":"x","Name":"","Role":"admin","Address":""}""", 400),
            ("""{"Kind":"token","Id":"x","Name":"","Role":"owner","Address":""}""", 400),
            ("""{"Kind":"token","Id":"x","Name":"","Role":"viewer","Address":""}""", 403),
            ("""{"Kind":"token","Id":"x","Name":"","Role":"admin","Channels":["other"],"Address":""}""", 403),
            ("""{"Kind":"token","Id":"x","Name":"","Role":"admin","Scopes":["channels:read"],"Address":""}""", 403),
            ("""{"Kind":"token","Id":"x","Name":"","Role":"producer","Address":"","New":true}""", 200),
        };
        foreach (var (caller, expected) in callers)
        {
            var header = caller is null or "" or "%%%" ? caller : Convert.ToBase64String(Encoding.UTF8.GetBytes(caller));
            var (status, _, _) = await pair.Owner.SendAsync("POST", "/api/v1/channels/demo/kick", null, null,
                ("Test-Certificate", Guid.NewGuid().ToString()), (ForwardedCaller.Header, header));
            status.ShouldBe(expected, caller);
        }
    }

    [Fact]
    public void Caller_survives_its_header()
    {
        var caller = new Caller(ActorKind.Token, "id", "Jürgen \r\n", TokenRole.Moderator) { Limits = new(["a"], ["channels:read"]) };
        var http = new Microsoft.AspNetCore.Http.DefaultHttpContext();
        http.Request.Headers[ForwardedCaller.Header] = ForwardedCaller.Format(caller, "2001:db8::1");
        var read = ForwardedCaller.Read(http.Request).ShouldNotBeNull();
        (read.Address, read.Caller.Kind, read.Caller.Id, read.Caller.Name, read.Caller.Role)
            .ShouldBe(("2001:db8::1", caller.Kind, caller.Id, caller.Name, caller.Role));
        (read.Caller.Limits.Channels, read.Caller.Limits.Scopes).ShouldSatisfyAllConditions(
            limits => limits.Channels.ShouldBe(["a"]), limits => limits.Scopes.ShouldBe(["channels:read"]));
    }

    /// <summary>Two servers, of which one has channel <c>demo</c> on air.</summary>
    private sealed class Pair : IAsyncDisposable, IChannelRuntimeStates, IChannelMeasurements, ISourceHealth
    {
        public Server Owner { get; private set; } = null!;

        public Server Other { get; private set; } = null!;

        public PublishGrant Grant { get; private set; } = null!;

        /// <summary>Connections of the other server.</summary>
        public FakePeers Peers { get; } = new();

        /// <summary>Connections of the owner.</summary>
        public FakePeers OwnersPeers { get; } = new();

        public static async Task<Pair> StartAsync(PostgresFixture postgres, TimeProvider? time = null)
        {
            var database = (await postgres.FreshAsync()).ConnectionString;
            var pair = new Pair();
            pair.Owner = await Server.StartAsync(database, states: pair, measurements: pair, health: pair, peers: pair.OwnersPeers,
                listener: FakePeers.Listener, middleware: FakePeers.AcceptAsync);
            pair.Peers.Target = pair.Owner;

            // With the tests' clock, a busy machine exceeds no timeout.
            pair.Other = await Server.StartAsync(database, states: new Offline(), mediaTime: time ?? new ManualTimeProvider(),
                peers: pair.Peers, listener: FakePeers.Listener, middleware: FakePeers.AcceptAsync);
            (_, pair.Grant) = await OnAirAsync(pair.Owner);
            await pair.Owner.Get<ServerLeaseService>().RunOnceAsync(default);   // stores the address
            await pair.Other.Get<ServerLeaseService>().RunOnceAsync(default);
            pair.Other.Get<RemoteSessions>().Find(ChannelName.Parse("demo")).ShouldNotBeNull().Target!.Owner.Address
                .ShouldBe(FakePeers.Address);
            return pair;
        }

        public ChannelRuntimeState? Find(ChannelName channel) => new(ChannelRunState.Live, Grant?.Session.Id, Since)
        {
            Inputs = [new(InputRole.Primary, ChannelInputState.Good, true, Since, 1000)],
            Encoding = new("x264", [new("720p", 1280, 720, 2_500_000)], [], 0, false, 0, null, 0.5, 0) { ReencodeReason = "a codec" },
        };

        public TimeSpan IntervalOf(MeasurementRange range) => TimeSpan.FromSeconds(5);

        public IReadOnlyList<Measurement> Find(ChannelName channel, MeasurementRange range, DateTimeOffset after) =>
            [new Measurement(Since) { BitsPerSecond = 1000 }];

        IReadOnlyList<SourceReport> ISourceHealth.Find(ChannelName channel) =>
            [new(Grant.Session.Id, Guid.Empty, "OBS", Since, Since, 1, 2, null, null, default, 0, 0, 0, 0, [])];

        public async ValueTask DisposeAsync()
        {
            await Other.DisposeAsync();
            await Owner.DisposeAsync();
        }

        private sealed class Offline : IChannelRuntimeStates
        {
            public ChannelRuntimeState? Find(ChannelName channel) => new(ChannelRunState.Offline, null, null);
        }
    }
}

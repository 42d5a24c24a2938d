using System.Net;
using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Handovers;
using Broadcast.Cluster.Mirrors;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.ControlToCluster;
using Broadcast.Media.OriginToCluster;
using Broadcast.Media.Storage;
using Broadcast.Testing;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster.Tests;

/// <summary>
/// A server of a cluster in this process: the cluster module behind its internal listener, with fakes for the other modules.
/// </summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestServer(WebApplication app) => _app = app;

    public FakeDirectory Directory { get; private init; } = null!;

    public FakeFeeds Feeds { get; private init; } = null!;

    public FakeSpool Spool { get; private init; } = null!;

    public FakeSessions Sessions { get; private init; } = null!;

    public FakeReceiver Receiver { get; private init; } = null!;

    /// <summary>Hands sessions over to other servers.</summary>
    public ISessionHandover Handover => _app.Services.GetRequiredService<ISessionHandover>();

    /// <summary>Servers that follow sessions of this one.</summary>
    public SessionFollowers Followers => _app.Services.GetRequiredService<SessionFollowers>();

    /// <summary>Connections to other servers.</summary>
    public PeerConnections Peers => _app.Services.GetRequiredService<PeerConnections>();

    public ManualTimeProvider Time { get; private init; } = null!;

    public CapturingLogger Log { get; private init; } = null!;

    /// <summary>Port of the listener.</summary>
    public int Port { get; private set; }

    /// <summary>The server as others see it.</summary>
    public ClusterServer Entry => new(Directory.Self, "test", $"127.0.0.1:{Port}");

    /// <summary>The mirrors.</summary>
    public SessionMirrors Mirrors => _app.Services.GetRequiredService<SessionMirrors>();

    /// <summary>Services that all mirrors share.</summary>
    public MirrorServices Services => _app.Services.GetRequiredService<MirrorServices>();

    /// <summary>The spool for the rest of the server.</summary>
    public ISpool MirrorSpool => _app.Services.GetRequiredService<ISpool>();

    /// <summary>Starts a server.</summary>
    /// <param name="directory">Directory; by default with the tests' authority.</param>
    /// <param name="feeds">Sessions that the server owns.</param>
    /// <param name="port">Port; 0 for a free one.</param>
    /// <param name="settings">Further settings.</param>
    /// <param name="substitute">Answers other servers instead of the module.</param>
    /// <param name="protocol">Version of the protocol between servers.</param>
    public static async Task<TestServer> StartAsync(FakeDirectory? directory = null, FakeFeeds? feeds = null, int port = 0,
        Dictionary<string, string?>? settings = null, SubstituteService? substitute = null, int protocol = ClusterProtocol.Current)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var log = new CapturingLogger(LogLevel.Information);
        builder.Logging.AddProvider(log);
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>(settings ?? []) { ["Database:ConnectionString"] = "Host=shared" });
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, PeerListener.Use));
        var (time, spool, sessions) = (new ManualTimeProvider(), new FakeSpool(), new FakeSessions());
        directory ??= new FakeDirectory();
        feeds ??= new FakeFeeds();
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddSingleton<IServerDirectory>(directory);
        builder.Services.AddSingleton<ISessionFeeds>(feeds);
        builder.Services.AddSingleton<IMirroredSessions>(sessions);
        builder.Services.AddSingleton<ISpool>(_ => spool);
        var receiver = new FakeReceiver();
        builder.Services.AddSingleton<ISessionReceiver>(receiver);
        builder.Services.AddCluster(builder.Configuration);
        builder.Services.AddSingleton(new ClusterProtocol(protocol));
        builder.Services.AddSingleton(substitute ?? new SubstituteService());
        builder.Services.PostConfigure<GrpcServiceOptions>(grpc => grpc.MaxSendMessageSize = null);
        var app = builder.Build();
        app.MapGet("/healthz", () => "ok");
        app.MapGet("/sender", async (HttpContext http) => await PeerRequests.IdentifyAsync(http)
            ? http.Features.Get<PeerRequest>()!.Server.ToString() : "no server");
        if (substitute is null)
        {
            app.MapCluster();
        }
        else
        {
            app.MapGrpcService<SubstituteService>();
        }

        await app.StartAsync();

        // The check of the mirrors starts in the background; tests advance the clock afterwards.
        await Poll.UntilAsync(() => time.ArmedTimers > 0);
        return new TestServer(app)
        {
            Directory = directory,
            Feeds = feeds,
            Spool = spool,
            Sessions = sessions,
            Receiver = receiver,
            Time = time,
            Log = log,
            Port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port,
        };
    }

    /// <summary>The mirror of a session.</summary>
    public SessionMirror Mirror(Media.SessionId? session = null) => Mirrors.Find(TestSession.Channel, session ?? TestSession.Id)!;

    /// <summary>Waits until a mirror of the session can be served.</summary>
    public async Task<SessionMirror> MirrorAsync(TestServer owner)
    {
        SetOwner(owner);
        (await PrepareAsync()).ShouldBe(ChannelAvailability.Available);
        return Mirror();
    }

    /// <summary>Advances the clock in steps until a condition holds.</summary>
    public Task AdvanceUntilAsync(Func<bool> condition, TimeSpan? step = null) => Poll.UntilAsync(() =>
    {
        Time.Advance(step ?? TimeSpan.FromMilliseconds(100));
        return condition();
    });

    /// <summary>Requests the channel, as a viewer's request does.</summary>
    public ValueTask<ChannelAvailability> PrepareAsync() => Mirrors.PrepareAsync(TestSession.Channel, CancellationToken.None);

    /// <summary>Lets the directory name the owner of the session.</summary>
    public void SetOwner(TestServer owner, long epoch = 1, Media.SessionId? session = null) =>
        Directory.Remote = new RemoteChannel(session ?? TestSession.Id, epoch, owner.Entry);

    /// <summary>Stops the server in order. Feeds that do not end by themselves would let this wait forever.</summary>
    public Task StopAsync() => _app.StopAsync(CancellationToken.None);

    /// <summary>Ends the server at once, with all its connections.</summary>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        try
        {
            await _app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
            // Connections were aborted.
        }

        await _app.DisposeAsync();
    }
}

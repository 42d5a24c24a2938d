using System.Collections.Concurrent;
using System.Net;
using Broadcast.Cluster.Connections;
using Broadcast.Cluster.Relays;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.ClusterToIngest;
using Broadcast.Media.ClusterToOrigin;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.OriginToCluster;
using Broadcast.Media.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Cluster.Tests.Relays;

/// <summary>A server in this process that forwards encoders, or receives them as the owner of the session.</summary>
internal sealed class RelayServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private bool _isDisposed;

    private RelayServer(WebApplication app, FakeDirectory directory, FakePublishers publishers)
    {
        (_app, Directory, Publishers) = (app, directory, publishers);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        Entry = new ClusterServer(directory.Self, "test", $"127.0.0.1:{new Uri(address).Port}");
    }

    public FakeDirectory Directory { get; }

    public FakePublishers Publishers { get; }

    public FakeSessions Sessions => (FakeSessions)_app.Services.GetRequiredService<IMirroredSessions>();

    /// <summary>The server as others see it.</summary>
    public ClusterServer Entry { get; }

    public IPublisherRelay Relay => _app.Services.GetRequiredService<IPublisherRelay>();

    public RelayedSessions Relayed => _app.Services.GetRequiredService<RelayedSessions>();

    public PeerConnections Peers => _app.Services.GetRequiredService<PeerConnections>();

    public static async Task<RelayServer> StartAsync(FakeDirectory? directory = null, FakePublishers? publishers = null,
        int protocol = ClusterProtocol.Current)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("Database:ConnectionString", (string?)"Host=shared")]);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, PeerListener.Use));
        (directory, publishers) = (directory ?? new FakeDirectory(), publishers ?? new FakePublishers());
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<IServerDirectory>(directory);
        builder.Services.AddSingleton<ISessionFeeds>(new FakeFeeds());
        builder.Services.AddSingleton<IMirroredSessions>(new FakeSessions());
        builder.Services.AddSingleton<IRelayedPublishers>(publishers);
        builder.Services.AddSingleton<ISpool>(_ => new FakeSpool());
        builder.Services.AddSingleton<ISessionReceiver>(new FakeReceiver());
        builder.Services.AddCluster(builder.Configuration);
        builder.Services.AddSingleton(new ClusterProtocol(protocol));
        var app = builder.Build();
        app.MapCluster();
        await app.StartAsync();
        return new RelayServer(app, directory, publishers);
    }

    /// <summary>Asks an owner to admit an encoder.</summary>
    public async Task<(RelayDecision? Decision, ConcurrentQueue<RelayEnd> Ends)> OpenAsync(ClusterServer owner, string key = "good",
        CancellationToken cancellationToken = default)
    {
        var ends = new ConcurrentQueue<RelayEnd>();
        var target = new RemoteChannel(TestSession.Id, 1, owner);
        return (await Relay.OpenAsync(target, TestSession.Channel, Request(key), ends.Enqueue, cancellationToken), ends);
    }

    /// <summary>Asks servers to begin a session of a channel that is not on air.</summary>
    public async Task<RelayDecision?> BeginAsync(string key = "good", CancellationToken cancellationToken = default) =>
        await Relay.OpenAsync(null, TestSession.Channel, Request(key), _ => { }, cancellationToken);

    /// <summary>Publishes to an owner.</summary>
    public async Task<(IRelayedPublication Publication, ConcurrentQueue<RelayEnd> Ends)> PublishAsync(RelayServer owner)
    {
        var (decision, ends) = await OpenAsync(owner.Entry);
        return (decision.ShouldBeOfType<RelayDecision.Accepted>().Publication, ends);
    }

    public static PublishRequest Request(string key) => new(key, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 50_000), "OBS")
    {
        Target = new PublishConnectInfo("live", "rtmp://a/live", "swf", "page", "?a=b", IsEncrypted: true),
    };

    /// <summary>Stops the server in order.</summary>
    public Task StopAsync() => _app.StopAsync();

    /// <summary>Ends the server at once, with all its connections.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
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

/// <summary>Publishers of an owner; admits the key "good".</summary>
internal sealed class FakePublishers : IRelayedPublishers
{
    /// <summary>Requests so far.</summary>
    public ConcurrentQueue<PublishRequest> Asked { get; } = [];

    /// <summary>Admitted publishers, oldest first.</summary>
    public ConcurrentQueue<Publisher> Admitted { get; } = [];

    /// <summary>Session of the next publisher.</summary>
    public SessionId Session { get; set; } = TestSession.Id;

    /// <summary>Awaited before each decision.</summary>
    public Func<CancellationToken, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>Rejection of the next publishers.</summary>
    public PublishDecision.Rejected? Rejection { get; set; }

    /// <summary>Result of each message.</summary>
    public Func<RelayedMessage, RelayEnd?> OnMessage { get; set; } = _ => null;

    public async ValueTask<(IRelayedPublisher? Publisher, PublishDecision Decision)> OpenAsync(PublishRequest request,
        Action<RelayEnd> onEnded, CancellationToken cancellationToken)
    {
        Asked.Enqueue(request);
        await Before(cancellationToken);
        if (Rejection is not null || request.StreamKey != "good")
        {
            return (null, Rejection ?? new PublishDecision.Rejected(PublishRejectionReason.UnknownKey, "Unknown stream key."));
        }

        var publisher = new Publisher(this, onEnded);
        Admitted.Enqueue(publisher);
        var session = TestSession.Started(1, Session).Session;
        return (publisher, new PublishDecision.Granted(new PublishGrant(Guid.NewGuid(), session, "passthrough", CancellationToken.None)));
    }

    internal sealed class Publisher(FakePublishers owner, Action<RelayEnd> onEnded) : IRelayedPublisher
    {
        public ConcurrentQueue<(RelayedMessage Message, TimeSpan Age)> Messages { get; } = [];

        public ConcurrentQueue<string> Ends { get; } = [];

        public IEnumerable<uint> Timestamps => Messages.Select(entry => entry.Message.Timestamp);

        /// <summary>Ends the publication, as when the key is revoked.</summary>
        public void End(RelayEnd end) => onEnded(end);

        public RelayEnd? Process(RelayedMessage message, TimeSpan age)
        {
            Messages.Enqueue((message, age));
            return owner.OnMessage(message);
        }

        public Task EndAsync(string reason)
        {
            Ends.Enqueue(reason);
            return Task.CompletedTask;
        }
    }
}

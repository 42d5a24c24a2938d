using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Broadcast.Media;
using Broadcast.Media.ClusterToControl;
using Broadcast.Media.IngestToCluster;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Ingest.Tests.EndToEnd;

/// <summary>The ingest module on a real Kestrel on a free loopback port, between a recording authorizer and a recording sink.</summary>
internal sealed class IngestServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private IngestServer(WebApplication app, RememberingAuthority authority, RememberingSink sink, CapturingLogger log)
    {
        (_app, Authority, Sink, Log) = (app, authority, sink, log);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Port = new Uri(address).Port;
    }

    public int Port { get; }

    public RememberingAuthority Authority { get; }

    public RememberingSink Sink { get; }

    public CapturingLogger Log { get; }

    /// <summary>Connections without permission to publish.</summary>
    public int Waiting => _app.Services.GetRequiredService<Broadcast.Media.Connections.ConnectionLimiter>().Count;

    public string Url(string key) => $"rtmp://127.0.0.1:{Port}/live/{key}";

    public static Task<IngestServer> StartAsync(params (string Name, string Value)[] options) => StartAsync(LogLevel.Debug, options);

    public static Task<IngestServer> StartAsync(LogLevel logs, params (string Name, string Value)[] options) =>
        StartAsync(logs, null, options);

    public static async Task<IngestServer> StartAsync(LogLevel logs, IPublisherRelay? relay, params (string Name, string Value)[] options)
    {
        var (authority, sink, log) = (new RememberingAuthority(), new RememberingSink(), new CapturingLogger());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(options.Select(o => KeyValuePair.Create("Ingest:" + o.Name, (string?)o.Value)));
        builder.Logging.ClearProviders().SetMinimumLevel(logs).AddProvider(log);
        builder.Services.AddSingleton<IPublishAuthorizer>(authority).AddSingleton<IPublicationSink>(sink);
        if (relay is not null)
        {
            builder.Services.AddSingleton(relay);
        }

        builder.Services.AddIngest(builder.Configuration);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(new RtmpEndPoint(IPAddress.Loopback, 0),
            listen => listen.UseProxyHeader().UseRtmp()));
        var app = builder.Build();
        await app.StartAsync();
        return new IngestServer(app, authority, sink, log);
    }

    public async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        return client;
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

/// <summary>
/// Accepts keys beginning with "good", one publisher per key. Channels of keys beginning with "elsewhere" are on air at another server.
/// </summary>
internal sealed class RememberingAuthority : IPublishAuthorizer
{
    private readonly ConcurrentDictionary<string, PublishGrant> _live = [];
    private readonly ConcurrentDictionary<Guid, CancellationTokenSource> _revocations = [];

    public ConcurrentQueue<PublishRequest> Asked { get; } = [];

    public ConcurrentQueue<(PublishGrant Grant, string Reason)> Ended { get; } = [];

    /// <summary>The session of the channel that is on air elsewhere, and its owner.</summary>
    public static RemoteChannel Elsewhere { get; } = new(SessionId.Parse("01JN8E0000000000000000000A"), 3,
        new(Guid.Parse("00000000-0000-0000-0000-00000000000b"), "b", "10.0.0.2:8090"));

    /// <summary>Moves all sessions to another server when it is canceled.</summary>
    public CancellationTokenSource Move { get; } = new();

    /// <summary>Never responds, if set.</summary>
    public bool Hangs { get; set; }

    public async ValueTask<PublishDecision> AuthorizeAsync(PublishRequest request, CancellationToken cancellationToken)
    {
        Asked.Enqueue(request);
        if (Hangs)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        }

        if (request.StreamKey.StartsWith("elsewhere", StringComparison.Ordinal))
        {
            return new PublishDecision.OnAirElsewhere(ChannelName.Parse("main"), Elsewhere,
                new(PublishRejectionReason.ChannelBusy, "Channel main is on air at server 'b'."));
        }

        if (!request.StreamKey.StartsWith("good", StringComparison.Ordinal))
        {
            return new PublishDecision.Rejected(PublishRejectionReason.UnknownKey, "Unknown stream key.");
        }

        var now = TimeProvider.System.GetUtcNow();
        var revocation = new CancellationTokenSource();
        var session = new BroadcastSession(ChannelName.Parse("main"), SessionId.New(now), 1, now, LatencyProfile.Standard);
        var grant = new PublishGrant(Guid.NewGuid(), session, "passthrough", revocation.Token) { Moved = Move.Token };
        if (!_live.TryAdd(request.StreamKey, grant))
        {
            return new PublishDecision.Rejected(PublishRejectionReason.ChannelBusy, "Another encoder is publishing on this channel.");
        }

        _revocations[grant.PublicationId] = revocation;
        return new PublishDecision.Granted(grant);
    }

    public ValueTask ReportEndAsync(PublishGrant grant, string reason, CancellationToken cancellationToken)
    {
        Ended.Enqueue((grant, reason));
        _live.TryRemove(_live.Single(g => g.Value.PublicationId == grant.PublicationId));
        return ValueTask.CompletedTask;
    }

    /// <summary>Revokes the publishers' grants for a takeover.</summary>
    public void SupersedeAll()
    {
        foreach (var grant in _live.Values)
        {
            grant.State.Supersede();
        }

        RevokeAll();
    }

    /// <summary>Time of the last usable frame of a key's publisher.</summary>
    public long LastFrameOf(string key) => _live[key].State.LastFrame;

    public void RevokeAll()
    {
        foreach (var revocation in _revocations.Values)
        {
            revocation.Cancel();
        }
    }
}

/// <summary>Keeps all publications.</summary>
internal sealed class RememberingSink : IPublicationSink
{
    public ConcurrentQueue<Received> All { get; } = [];

    /// <summary>Fails on the first sample, if set.</summary>
    public bool Fails { get; set; }

    public Received Single => All.Single();

    public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
    {
        var received = new Received(publication);
        All.Enqueue(received);
        await foreach (var sample in publication.Samples.ReadAllAsync(cancellationToken))
        {
            if (Fails)
            {
                throw new InvalidOperationException("Simulated failure of the sink.");
            }

            lock (received.Samples)
            {
                received.Samples.Add(sample);
            }
        }

        received.Completed = true;
    }
}

internal sealed class Received(Publication publication)
{
    public Publication Publication => publication;

    public List<MediaSample> Samples { get; } = [];

    public bool Completed { get; set; }

    public MediaSample[] Of(TrackKind kind)
    {
        lock (Samples)
        {
            return [.. Samples.Where(s => s.Track.Kind == kind)];
        }
    }
}

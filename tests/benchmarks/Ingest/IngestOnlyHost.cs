using System.Net;
using System.Text.Json;
using Broadcast.Host.Observability;
using Broadcast.Ingest;
using Broadcast.Media;
using Broadcast.Media.IngestToControl;
using Broadcast.Media.IngestToTranscoder;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>ingest-only --rtmp 127.0.0.1:PORT</c>: the server's ingest module alone, in its own process. The server always packages ingested
/// streams, so the cost of ingest is measured here: everything up to timestamped samples is the server's code with its options. An
/// authorizer that accepts all publishers replaces the control module, and a sink that discards samples replaces the later stages. No
/// database, no TLS, no log.
/// </summary>
internal static class IngestOnlyHost
{
    /// <summary>First argument that selects this mode.</summary>
    public const string Command = "ingest-only";

    /// <summary>Serves until SIGTERM; writes its addresses as a line of JSON.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not ["--rtmp", var text] || !IPEndPoint.TryParse(text, out var address))
        {
            await Console.Error.WriteLineAsync($"usage: {Command} --rtmp ADDRESS:PORT");
            return 1;
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddEnvironmentVariables("BROADCAST__");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<IPublishAuthorizer, PermissiveAuthorizer>().AddSingleton<IPublicationSink, ForgetfulSink>()
            .AddIngest(builder.Configuration);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(new RtmpEndPoint(address.Address, address.Port), listen => listen.UseProxyHeader().UseRtmp());
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        using var metrics = new MetricsText();
        await using var app = builder.Build();
        app.MapGet("/metrics", () => Results.Text(metrics.Render()));
        await app.StartAsync();
        var listening = app.Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!.Addresses.Select(a => new Uri(a)).ToList();
        Console.WriteLine(JsonSerializer.Serialize(new { rtmp = $"rtmp://{listening[0].Authority}", metrics = listening[1] }));
        await app.WaitForShutdownAsync();
        return 0;
    }

    /// <summary>Accepts all publishers, each on a channel named like its key.</summary>
    internal sealed class PermissiveAuthorizer(TimeProvider time) : IPublishAuthorizer
    {
        public ValueTask<PublishDecision> AuthorizeAsync(PublishRequest request, CancellationToken cancellationToken)
        {
            var now = time.GetUtcNow();
            var session = new BroadcastSession(ChannelName.Parse(request.StreamKey), SessionId.New(now), 1, now, LatencyProfile.Standard);
            return new(new PublishDecision.Granted(new PublishGrant(Guid.NewGuid(), session, "passthrough", CancellationToken.None)));
        }

        public ValueTask ReportEndAsync(PublishGrant grant, string reason, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    /// <summary>Reads all samples and discards them.</summary>
    private sealed class ForgetfulSink : IPublicationSink
    {
        public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
        {
            while (await publication.Samples.WaitToReadAsync(cancellationToken))
            {
                while (publication.Samples.TryRead(out _))
                {
                    // Discards the sample.
                }
            }
        }
    }
}

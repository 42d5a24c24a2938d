using System.Diagnostics;
using System.Text.Json;
using Broadcast.Host.Listening;
using Broadcast.Host.Observability;
using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.PackagerToOrigin;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Origin;
using Broadcast.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broadcast.Benchmarks;

/// <summary>
/// <c>origin-only DATA [live]</c>: the server's origin and storage modules behind a web server configured like the product's, in its own
/// process. Serves generated media: one minute of 1 MB segments, and with <c>live</c>, in profile <c>low</c>, a part of 1 kB each second,
/// whose announcement time is written to standard output. No other modules, no database, no TLS, no log.
/// </summary>
internal static class OriginOnlyHost
{
    /// <summary>First argument that selects this mode.</summary>
    public const string Command = "origin-only";

    /// <summary>Parts of a live segment.</summary>
    public const int PartsOfASegment = 2;

    /// <summary>Name of the only rendition.</summary>
    public const string Rendition = "source";

    /// <summary>Initial number of segments.</summary>
    public const int Segments = 30;

    private const int SegmentBytes = 1_000_000;
    private const int SlicesOfAPart = 30;

    /// <summary>Serves until SIGTERM; writes its address as a line of JSON.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments is not ([_] or [_, "live"]))
        {
            await Console.Error.WriteLineAsync($"usage: {Command} FOLDER [live]");
            return 1;
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddEnvironmentVariables("BROADCAST__");
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(TimeProvider.System).AddSingleton(new DataFolder(arguments[0])).AddStorage(builder.Configuration)
            .AddOrigin(builder.Configuration);
        builder.Services.Configure<SocketTransportOptions>(HttpServerLimits.Apply);
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(HttpServerLimits.Apply);
        using var metrics = new MetricsText();
        await using var app = builder.Build();
        app.MapOrigin();
        await app.StartAsync();
        var latency = arguments.Length == 2 ? LatencyProfile.Low with { PartTarget = TimeSpan.FromSeconds(1) } : LatencyProfile.Standard;
        var feed = new Feed(app.Services.GetRequiredService<ISpool>(), app.Services.GetRequiredService<ITimelineSink>(), latency);
        for (var i = 0; i < Segments; i++)
        {
            feed.Whole(SegmentBytes);
        }

        Console.WriteLine(JsonSerializer.Serialize(new { http = app.Urls.Single(), session = $"/live/bench/{feed.Session.Id}/" }));
        if (arguments.Length == 2)
        {
            await feed.GoOnAsync(app.Lifetime.ApplicationStopping);
        }

        await app.WaitForShutdownAsync();
        return 0;
    }

    /// <summary>Simulates a packager.</summary>
    private sealed class Feed
    {
        private readonly ISpool _spool;
        private readonly ITimelineSink _sink;
        private long _segment = 1;
        private MediaTime _time = MediaTime.Zero(90_000);

        public Feed(ISpool spool, ITimelineSink sink, LatencyProfile latency)
        {
            (_spool, _sink) = (spool, sink);
            var now = TimeProvider.System.GetUtcNow();
            Session = new BroadcastSession(ChannelName.Parse("bench"), SessionId.New(now), 1, now, latency);
            var init = ObjectNames.Of(Session).Init(Rendition, 1);
            var file = spool.Open(init);
            file.Append([new byte[800]]);
            file.Seal();
            var format = new RenditionFormat(TrackKind.Video, "avc1.64001f", 90_000, 1920, 1080, 30, 0, 0, null);
            Say(new TimelineEvent.Started(Session), new TimelineEvent.RenditionAdded(Rendition, TrackKind.Video),
                new TimelineEvent.InitReady(Rendition, 1, format, init, 800));
        }

        public BroadcastSession Session { get; }

        /// <summary>Adds a complete segment of 2 s in two parts.</summary>
        public void Whole(int bytes)
        {
            var file = _spool.Open(ObjectNames.Of(Session).Segment(Rendition, _segment));
            for (var part = 0; part < PartsOfASegment; part++)
            {
                Part(file, part, bytes / PartsOfASegment, SlicesOfAPart);
            }

            Close(file);
        }

        /// <summary>Adds a small part each second until shutdown.</summary>
        public async Task GoOnAsync(CancellationToken stopping)
        {
            using var clock = new PeriodicTimer(TimeSpan.FromSeconds(1), TimeProvider.System);
            try
            {
                while (true)
                {
                    var file = _spool.Open(ObjectNames.Of(Session).Segment(Rendition, _segment));
                    for (var part = 0; part < PartsOfASegment; part++)
                    {
                        await clock.WaitForNextTickAsync(stopping);
                        Console.WriteLine($"part {_segment} {part} {Stopwatch.GetTimestamp()}");
                        Part(file, part, 1000, 1);
                    }

                    Close(file);
                }
            }
            catch (OperationCanceledException)
            {
                // Shutdown.
            }
        }

        private void Part(ISpoolFile file, int part, int bytes, int slices)
        {
            var offset = file.Length;
            var content = new byte[bytes / slices];
            new Random((int)_segment).NextBytes(content);
            file.Append([.. Enumerable.Range(0, slices).Select(_ => (ReadOnlyMemory<byte>)content.ToArray())]);
            var duration = MediaTime.From(TimeSpan.FromSeconds(1), 90_000);
            Say(new TimelineEvent.PartReady(
                Rendition, _segment, part, 1, _time, duration, part == 0, Session.StartedAt + _time.ToTimeSpan(), file.Name, offset,
                (int)(file.Length - offset)));
            _time += duration;
        }

        private void Close(ISpoolFile file)
        {
            Say(new TimelineEvent.SegmentClosed(Rendition, _segment++));
            if (_segment > Segments + 1)
            {
                Say(new TimelineEvent.WindowMoved(_segment - Segments));
            }

            file.Seal();
        }

        private void Say(params TimelineEvent[] events) => _sink.Append(Session.Channel, Session.Id, events);
    }
}

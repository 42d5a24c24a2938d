using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Broadcast.Media.Codecs;
using Broadcast.Media.Storage;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Origin;
using Broadcast.Packager;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broadcast.Pipeline.Tests;

/// <summary>Measures memory, so no other test may run in parallel.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class ExclusiveCollection;

[Collection(typeof(ExclusiveCollection))]
public sealed class DvrWindowTests(ITestOutputHelper output)
{
    private const int Renditions = 6;

    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Track Video = new(1, CodecConfig.Avc.Parse(Convert.FromHexString(
        "0142C01EFFE100196742C01EDA0280BFE5C044000003000400000300F03C58BA8001000468CE0FC8")), 90_000);

    [Fact]
    public async Task Twelve_hour_DVR_window_needs_hardly_more_memory_than_a_one_minute_window()
    {
        await RunAsync(TimeSpan.FromMinutes(1));
        var minute = await RunAsync(TimeSpan.FromMinutes(1));
        var hours = await RunAsync(TimeSpan.FromHours(12));

        output.WriteLine(
            $"1 min: {minute.Idle / 1048576.0:0.0} MiB, {minute.Watched / 1048576.0:0.0} MiB with all playlists asked for, "
            + $"of {minute.Playlist} bytes each; longest journal {minute.Journal} bytes");
        output.WriteLine(
            $"12 h: {hours.Idle / 1048576.0:0.0} MiB, {hours.Watched / 1048576.0:0.0} MiB with all playlists asked for, "
            + $"of {hours.Playlist} bytes each; longest journal {hours.Journal} bytes");
        hours.Segments.ShouldBeGreaterThan(21_500);
        (hours.Idle - minute.Idle).ShouldBeLessThan(5 << 20, "only the list of index blocks is kept");
        (hours.Watched - minute.Watched).ShouldBeLessThan(50 << 20);
        hours.Journal.ShouldBeLessThan(4 * minute.Journal,
            "a live window of double length while an index block is collected, and the list of index blocks");
        output.WriteLine($"12 h: delta update of {hours.Delta} bytes");
        hours.Delta.ShouldBeLessThan(8000);
    }

    /// <summary>
    /// Six renditions with segments of two seconds, as fast as packager and origin process them; the media are discarded.
    /// </summary>
    private static async Task<(long Idle, long Watched, int Playlist, int Segments, long Journal, int Delta)> RunAsync(TimeSpan length)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (spool, time) = (new ThinSpool(), new ManualTimeProvider(Noon));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(time).AddSingleton<ISpool>(spool).AddSingleton<IObjectStore>(spool);
        builder.Services.AddOrigin(builder.Configuration);
        builder.Services.AddPackager(builder.Configuration);
        await using var app = builder.Build();
        app.MapOrigin();
        await app.StartAsync();

        var session = new BroadcastSession(ChannelName.Parse("main"), SessionId.New(Noon), 1, Noon,
            LatencyProfile.Low) { DvrWindow = TimeSpan.FromHours(12) };
        Rendition[] renditions = [.. Enumerable.Range(0, Renditions)
            .Select(i => new Rendition(i == 0 ? "source" : $"rung{i}", TrackKind.Video, i == 0))];
        var samples = Channel.CreateBounded<RenditionSample>(new BoundedChannelOptions(Renditions * 4));
        var running = app.Services.GetRequiredService<IRenditionSink>()
            .RunAsync(new RenditionSet(session, renditions, samples.Reader), CancellationToken.None);
        for (var second = 0; second <= length.TotalSeconds; second += 2)
        {
            foreach (var rendition in renditions)
            {
                var at = new MediaTime(second * 90_000L, 90_000);
                await samples.Writer.WriteAsync(new(rendition, new MediaSample(Video, at, at, true, new byte[10], Noon + at.ToTimeSpan())));
            }

            time.Advance(TimeSpan.FromSeconds(2));
        }

        samples.Writer.Complete();
        await running.WaitAsync(TimeSpan.FromMinutes(2));
        var idle = GC.GetTotalMemory(forceFullCollection: true) - before;
        var playlist = "";
        var delta = 0;
        using (var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) })
        {
            foreach (var rendition in renditions)
            {
                playlist = await client.GetStringAsync($"/live/main/{session.Id}/{rendition.Name}.m3u8");
            }

            delta = (await client.GetStringAsync($"/live/main/{session.Id}/source.m3u8?_HLS_skip=YES")).Length;
        }

        var (bytes, segments) = (playlist.Length, playlist.Split('\n').Count(line => line.EndsWith(".m4s", StringComparison.Ordinal)));
        playlist = null;
        var watched = GC.GetTotalMemory(forceFullCollection: true) - before - spool.Bytes;
        GC.KeepAlive(app);
        return (idle - spool.Bytes, watched, bytes, segments, spool.LongestJournal, delta);
    }

    /// <summary>A spool and store that keep index blocks, and only the sizes of other objects.</summary>
    private sealed class ThinSpool : ISpool, IObjectStore
    {
        private readonly ConcurrentDictionary<ObjectName, byte[]> _indexBlocks = new();

        public long Bytes => _indexBlocks.Values.Sum(bytes => (long)bytes.Length);

        public long LongestJournal { get; private set; }

        public ISpoolFile Open(ObjectName name) => new File(this, name);

        public ValueTask<SpoolContent?> ReadAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
            new(_indexBlocks.TryGetValue(name, out var bytes) ? new SpoolContent([bytes], 0, bytes.Length, bytes.Length) : null);

        public IReadOnlyList<ObjectInfo> List(string prefix) => [];

        public void Delete(IReadOnlyCollection<ObjectName> names)
        {
            foreach (var name in names)
            {
                _indexBlocks.TryRemove(name, out _);
            }
        }

        public void DeleteAll(string prefix)
        {
        }

        public async IAsyncEnumerable<ObjectInfo> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            yield break;
        }

        public Task<bool> PutAsync(ObjectName name, ReadOnlyMemory<byte> bytes, PutCondition condition,
            CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> PutFileAsync(ObjectName name, string path, PutCondition condition, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<bool> ReplaceAsync(ObjectName name, ReadOnlyMemory<byte> bytes, ManifestRank rank, ObjectHeaders headers,
            CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ObjectContent?> OpenAsync(ObjectName name, long offset, long? length, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<ObjectInfo?> FindAsync(ObjectName name, CancellationToken cancellationToken) => throw new NotSupportedException();

        public async IAsyncEnumerable<string> ListFoldersAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            yield break;
        }

        public Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        private sealed class File(ThinSpool spool, ObjectName name) : ISpoolFile
        {
            public ObjectName Name => name;

            public long Length { get; private set; }

            public void Append(IReadOnlyList<ReadOnlyMemory<byte>> bytes)
            {
                Length += bytes.Sum(slice => (long)slice.Length);
                if (name.Value.EndsWith(".chapter", StringComparison.Ordinal))
                {
                    spool._indexBlocks[name] = bytes[0].ToArray();
                }
                else if (name.Value.EndsWith(".jsonl", StringComparison.Ordinal))
                {
                    spool.LongestJournal = Math.Max(spool.LongestJournal, Length);
                }
            }

            public void Truncate(long length) => Length = length;

            public void Seal()
            {
            }
        }
    }
}

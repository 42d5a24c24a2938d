using System.Diagnostics;
using Broadcast.Ingest.Client;
using Broadcast.Testing;

namespace Broadcast.EndToEnd.Tests;

/// <summary>An encoder that sends what it is told, tag by tag: what goes wrong with real ones can be put into a recording of one.</summary>
internal static class Playout
{
    private const byte EndOfSequence = 2;

    /// <summary>Has ffmpeg encode a stream, and takes it apart. Metadata are left out, so that they announce nothing.</summary>
    /// <param name="source">What to encode.</param>
    /// <param name="options">More for ffmpeg, before its output.</param>
    public static async Task<IReadOnlyList<FlvTag>> MakeAsync(TestSource source, params string[] options)
    {
        await using var folder = TempFolder.Create();
        var file = folder.Sub("source.flv");
        (await ChildProcess.RunAsync("ffmpeg", [.. FfmpegTool.Arguments(source with { RealTime = false }), .. options, "-y", file])).EnsureSuccess();
        return await ReadAsync(file);
    }

    /// <summary>The same with pictures of another codec: Enhanced RTMP, which this ffmpeg cannot write.</summary>
    /// <param name="recipe">One of <see cref="CodedTrack.Recipes"/>.</param>
    /// <param name="seconds">Its length.</param>
    public static async Task<IReadOnlyList<FlvTag>> MakeAsync(string recipe, double seconds)
    {
        await using var folder = TempFolder.Create();
        var file = folder.Sub("source.flv");
        await TracksFile.WriteAsync(file, await CodedTrack.MakeAsync(recipe, seconds, keyframeSeconds: 1, height: 360), await CodedTrack.MakeAsync("mp4a", seconds));
        return await ReadAsync(file);
    }

    /// <summary>Sends tags when their time has come, and says goodbye.</summary>
    public static async Task SendAsync(string url, IEnumerable<FlvTag> tags)
    {
        await using var publisher = await RtmpPublisher.ConnectAsync(RtmpTarget.Parse(url));
        var began = Stopwatch.GetTimestamp();
        foreach (var tag in tags)
        {
            var wait = TimeSpan.FromMilliseconds(tag.Timestamp) - Stopwatch.GetElapsedTime(began);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait);
            }

            await publisher.SendAsync(tag);
        }

        await publisher.CloseAsync();
    }

    /// <summary>Whether it is a picture, of whatever codec.</summary>
    public static bool IsPicture(this FlvTag tag) => tag is { IsVideo: true, IsConfiguration: false };

    /// <summary>Whether it is a picture that decoding can begin with.</summary>
    public static bool IsKeyframe(this FlvTag tag) => tag.IsPicture() && ((tag.Body.Span[0] >> 4) & 7) == 1;

    /// <summary>Whether its time lies between two, in seconds; the second excluded.</summary>
    public static bool IsIn(this FlvTag tag, double from, double to) => tag.Timestamp >= from * 1000 && tag.Timestamp < to * 1000;

    /// <summary>The same tags later, or earlier, by some seconds; configurations, which have no time of their own, at least at the beginning of that.</summary>
    public static IEnumerable<FlvTag> Later(this IEnumerable<FlvTag> tags, double seconds) =>
        tags.Select(tag => tag with { Timestamp = (uint)Math.Max(0, tag.Timestamp + (seconds * 1000)) });

    /// <summary>Pictures and sounds of several origins in the order of their times; of the same time, those of the first come first.</summary>
    public static IReadOnlyList<FlvTag> Mix(params IEnumerable<FlvTag>[] tags) => [.. tags.SelectMany(t => t).OrderBy(t => t.Timestamp)];

    /// <summary>Damages the slices of H.264 pictures as a bad line or a bad encoder does: lengths and the beginnings of slices stay.</summary>
    /// <param name="tag">A picture.</param>
    /// <param name="random">Decides what is hit.</param>
    public static FlvTag Damaged(this FlvTag tag, Random random)
    {
        const int Header = 5, Spared = 24;
        var body = tag.Body.ToArray();
        for (var at = Header; at + 4 < body.Length;)
        {
            var end = at + 4 + ((body[at] << 24) | (body[at + 1] << 16) | (body[at + 2] << 8) | body[at + 3]);
            for (var i = at + Spared; i < end; i += 1 + random.Next(30))
            {
                body[i] ^= (byte)(1 + random.Next(255));
            }

            at = end;
        }

        return tag with { Body = body };
    }

    private static async Task<IReadOnlyList<FlvTag>> ReadAsync(string file) =>
        [.. FlvFileReader.Read(await File.ReadAllBytesAsync(file)).Tags.Where(t => (t.IsAudio || t.IsVideo) && !(t is { IsVideo: true, IsEnhanced: false } && t.Body.Span[1] == EndOfSequence))];
}

using System.Diagnostics;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.EndToEnd.Tests;

/// <summary>An encoder that sends given tags, so that errors of real encoders can be inserted into a recording.</summary>
internal static class ScriptedEncoder
{
    private const byte EndOfSequence = 2;

    /// <summary>Encodes a stream with ffmpeg and returns its tags. Metadata are removed, so that no tracks are announced.</summary>
    /// <param name="source">The source to encode.</param>
    /// <param name="options">Additional output options of ffmpeg.</param>
    public static async Task<IReadOnlyList<FlvTag>> MakeAsync(TestSource source, params string[] options)
    {
        await using var folder = TempFolder.Create();
        var file = folder.Sub("source.flv");
        (await ChildProcess.RunAsync("ffmpeg",
            [.. FfmpegTool.Arguments(source with { RealTime = false }), .. options, "-y", file])).EnsureSuccess();
        return await ReadAsync(file);
    }

    /// <summary>The same with video of another codec in Enhanced RTMP, which the installed ffmpeg cannot write.</summary>
    /// <param name="recipe">One of <see cref="CodedTrack.Recipes"/>.</param>
    /// <param name="seconds">Duration in seconds.</param>
    public static async Task<IReadOnlyList<FlvTag>> MakeAsync(string recipe, double seconds)
    {
        await using var folder = TempFolder.Create();
        var file = folder.Sub("source.flv");
        await TracksFile.WriteAsync(file, await CodedTrack.MakeAsync(recipe, seconds, keyframeSeconds: 1, height: 360),
            await CodedTrack.MakeAsync("mp4a", seconds));
        return await ReadAsync(file);
    }

    /// <summary>Sends tags at their times and ends the publication.</summary>
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

    /// <summary>Returns whether a tag contains video of any codec.</summary>
    public static bool IsVideo(this FlvTag tag) => tag is { IsVideo: true, IsConfiguration: false };

    /// <summary>Returns whether a tag contains a keyframe.</summary>
    public static bool IsKeyframe(this FlvTag tag) => tag.IsVideo() && ((tag.Body.Span[0] >> 4) & 7) == 1;

    /// <summary>Returns whether a tag's time is in a range of seconds; the end is exclusive.</summary>
    public static bool IsIn(this FlvTag tag, double from, double to) => tag.Timestamp >= from * 1000 && tag.Timestamp < to * 1000;

    /// <summary>Shifts tags by some seconds. Configurations have no time of their own and move at least to the start.</summary>
    public static IEnumerable<FlvTag> Later(this IEnumerable<FlvTag> tags, double seconds) =>
        tags.Select(tag => tag with { Timestamp = (uint)Math.Max(0, tag.Timestamp + (seconds * 1000)) });

    /// <summary>Merges tags of several sources in the order of their times; at equal times, those of the first source come first.</summary>
    public static IReadOnlyList<FlvTag> Mix(params IEnumerable<FlvTag>[] tags) => [.. tags.SelectMany(t => t).OrderBy(t => t.Timestamp)];

    /// <summary>Corrupts the slices of H.264 frames, like a bad connection or encoder. Lengths and slice headers remain intact.</summary>
    /// <param name="tag">A video tag.</param>
    /// <param name="random">Selects the corrupted bytes.</param>
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
        [.. FlvFileReader.Read(await File.ReadAllBytesAsync(file))
            .Tags.Where(t => (t.IsAudio || t.IsVideo) && !(t is { IsVideo: true, IsEnhanced: false } && t.Body.Span[1] == EndOfSequence))];
}

using System.Globalization;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>An FLV file that publishers send in a loop.</summary>
/// <param name="Path">Path of the file.</param>
/// <param name="Media">Parsed content.</param>
internal sealed record SourceFile(string Path, FlvFile Media)
{
    private const int Seconds = 20;

    /// <summary>Frames of audio and video per second.</summary>
    public double FramesPerSecond => Media.Tags.Count(t => (t.IsAudio || t.IsVideo) && !t.IsConfiguration) / Media.Duration.TotalSeconds;

    /// <summary>Bytes of media per second.</summary>
    public double BytesPerSecond => Media.Tags.Where(t => t.IsAudio || t.IsVideo)
        .Sum(t => (double)t.Body.Length) / Media.Duration.TotalSeconds;

    /// <summary>Creates a file in H.264 and AAC, 30 frames per second, a keyframe every 2 s: 1080p from 2 Mbit/s, 720p below.</summary>
    /// <param name="folder">Target folder.</param>
    /// <param name="megabits">Video bit rate in megabits per second.</param>
    /// <param name="progress">Receives progress messages.</param>
    public static async Task<SourceFile> MakeAsync(string folder, double megabits, Action<string> progress)
    {
        var (width, height) = megabits >= 2 ? (1920, 1080) : (1280, 720);
        progress(string.Create(
            CultureInfo.InvariantCulture,
            $"making the source file: {height}p30 H.264 at {megabits:0.##} Mbit/s, keyframes every 2 s, AAC at 128 kbit/s"));
        var path = System.IO.Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"source-{megabits:0.##}.flv"));
        await FfmpegTool.MakeFileAsync(path,
            new TestSource { Width = width, Height = height, VideoBitRate = (int)(megabits * 1_000_000), Seconds = Seconds });
        return new SourceFile(path, FlvFileReader.Read(await File.ReadAllBytesAsync(path)));
    }
}

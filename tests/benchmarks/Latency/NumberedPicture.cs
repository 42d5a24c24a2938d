using System.Globalization;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>
/// A file whose frames show their own number in bright and dark blocks along the upper edge, like a camera pointed at a clock.
/// </summary>
internal static class NumberedFrame
{
    /// <summary>Number of blocks, each a binary digit, least significant at the left.</summary>
    public const int Bits = 11;

    /// <summary>
    /// Seconds until the file repeats: a whole number of keyframe intervals, with fewer frames than <see cref="Bits"/> can count.
    /// </summary>
    private const int Seconds = 60;

    private const int Width = 1280;
    private const int Height = 720;

    /// <summary>Creates the file: 720p30 in H.264 at 2.5 Mbit/s without B-frames, keyframes every 2 s, AAC.</summary>
    /// <param name="folder">Target folder.</param>
    /// <param name="progress">Receives progress messages.</param>
    public static async Task<FlvFile> MakeAsync(string folder, Action<string> progress)
    {
        progress("making the source: 720p30 H.264 at 2.5 Mbit/s with numbered frames, keyframes every 2 s, AAC at 128 kbit/s");
        var path = Path.Combine(folder, "numbered.flv");
        await FfmpegTool.MakeFileAsync(path, new TestSource { Width = Width, Height = Height, VideoBitRate = 2_500_000, Seconds = Seconds,
            Frame = $"testsrc2=size={Width}x{Height}:rate=30{Blocks()}" });
        var media = FlvFileReader.Read(await File.ReadAllBytesAsync(path));
        File.Delete(path);
        return media;
    }

    private static string Blocks()
    {
        var side = Width / Bits;
        return $",drawbox=x=0:y=0:w={Width}:h=64:color=black:t=fill" + string.Concat(Enumerable.Range(0, Bits).Select(bit => string.Create(
            CultureInfo.InvariantCulture,
            $",drawbox=x={bit * side}:y=0:w={side}:h=64:color=white:t=fill:enable='mod(floor(n/{1 << bit}),2)'")));
    }
}

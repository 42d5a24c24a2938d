using System.Buffers;
using Broadcast.Testing;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Benchmarks;

/// <summary>
/// Number of frames that an encoder buffers internally. Raw frames are written one by one, each after the output of earlier ones has
/// stopped, so that decoding, scaling and speed have no effect.
/// </summary>
internal static class EncoderHold
{
    /// <summary>Number of frames; the last half counts.</summary>
    private const int Frames = 120;

    /// <summary>
    /// Time without output after which an encoder counts as waiting for input; longer than encoding a small frame takes on a slow machine.
    /// </summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(120);

    /// <summary>Measures an encoder.</summary>
    /// <param name="encoder">Encoder and following options of ffmpeg, as the worker passes them.</param>
    /// <param name="size">Size as <c>W:H</c>.</param>
    /// <param name="rate">Frames per second.</param>
    /// <returns>Number of later frames that the encoder needs before it outputs a frame.</returns>
    public static async Task<int> MeasureAsync(IReadOnlyList<string> encoder, string size, int rate)
    {
        var sides = size.Split(':').Select(int.Parse).ToArray();
        var frame = new byte[sides[0] * sides[1] * 3 / 2];

        // Raw frames are all keyframes.
        List<string> options = [.. encoder];
        options.RemoveRange(options.IndexOf("-force_key_frames"), 2);
        await using var process = ChildProcess.Start(
            "ffmpeg",
            [
                "-nostdin", "-v", "error", "-probesize", "32", "-analyzeduration", "0", "-fpsprobesize", "0", "-f", "rawvideo", "-pix_fmt",
                "yuv420p", "-s", $"{sides[0]}x{sides[1]}", "-r", $"{rate}",
                "-i", "pipe:0", .. options, "-f", "nut", "-write_index", "0", "-flush_packets", "1", "pipe:1",
            ],
            openInput: true, rawOutput: true);
        var came = 0;
        var reading = CountAsync(process.RawOutput, () => Interlocked.Increment(ref came));
        var held = new List<int>();
        for (var given = 1; given <= Frames; given++)
        {
            // Varies the frame, so that lookahead has an effect.
            Random.Shared.NextBytes(frame.AsSpan(given * 997 % (frame.Length / 2), 4096));
            await process.Input.WriteAsync(frame);
            await process.Input.FlushAsync();
            for (var before = -1; before != Volatile.Read(ref came);)
            {
                before = Volatile.Read(ref came);
                await Task.Delay(given > Frames / 2 ? Quiet : TimeSpan.FromMilliseconds(5), TimeProvider.System);
            }

            held.Add(given - Volatile.Read(ref came));
        }

        process.Input.Close();
        await reading;
        return (int)Sample.Median(held.Skip(Frames / 2).Select(h => (double)h));
    }

    private static async Task CountAsync(Stream output, Action count)
    {
        var reader = new NutReader();
        var rest = Array.Empty<byte>();
        var read = new byte[1 << 16];
        for (int length; (length = await output.ReadAsync(read)) > 0;)
        {
            var bytes = new ReadOnlySequence<byte>([.. rest, .. read.AsSpan(0, length)]);
            while (reader.TryRead(ref bytes, out var frame))
            {
                if (!frame.Payload.IsEmpty)
                {
                    count();
                }
            }

            rest = bytes.ToArray();
        }
    }
}

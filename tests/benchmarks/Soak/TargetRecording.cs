using System.Globalization;
using Broadcast.Publisher;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Video frames of a file, as hashes of their payloads, and the complaints of a decoder.</summary>
/// <param name="Frames">SHA-256 of each video frame's payload, in decode order.</param>
/// <param name="Complaints">Output of ffmpeg while it decoded everything; empty without errors.</param>
internal sealed record DecodedMedia(IReadOnlyList<string> Frames, string Complaints)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>Reads and decodes a file.</summary>
    public static async Task<DecodedMedia> ReadAsync(string file)
    {
        // Only the slices: containers store parameter sets in different places.
        var hashes = file + ".hashes";
        (await ChildProcess.RunAsync("ffmpeg", ["-nostdin", "-v", "error", "-y", "-i", file, "-map", "0:v:0", "-c", "copy", "-bsf:v",
            "filter_units=pass_types=1-5", "-f", "framehash", "-hash", "sha256", hashes], Limit)).EnsureSuccess();
        var frames = (await File.ReadAllLinesAsync(hashes)).Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(',')[5].Trim()).ToList();
        File.Delete(hashes);

        // The decoder gets the sequence headers within an FLV file; ffmpeg's parser does not, and complains about the frames after them.
        var decoded = await ChildProcess.RunAsync("ffmpeg", ["-nostdin", "-v", "error", "-threads", "1", "-fflags", "+noparse+nofillin",
            "-i", file, "-enc_time_base", "-1", "-f", "null", "-"], Limit);
        return new DecodedMedia(frames, decoded.ExitCode == 0 ? decoded.Error.Trim() : $"exit code {decoded.ExitCode}: {decoded.Error}");
    }
}

/// <summary>Figures of the tags of one FLV file, which a receiver has recorded.</summary>
internal sealed record FlvFigures
{
    /// <summary>Number of video frames.</summary>
    public int Frames { get; private init; }

    /// <summary>Number of video sequence headers that differ from the previous one.</summary>
    public int Headers { get; private init; }

    /// <summary>Number of tags whose timestamp is less than that of an earlier tag of the same type.</summary>
    public int StepsBack { get; private init; }

    /// <summary>Longest time between two video frames, by timestamp, in milliseconds.</summary>
    public long LongestVideoStep { get; private init; }

    /// <summary>Longest time between two audio frames, by timestamp, in milliseconds.</summary>
    public long LongestAudioStep { get; private init; }

    /// <summary>Number of video frames whose timestamp is not the next one of the frame rate, within 1 ms of rounding.</summary>
    public int OffGrid { get; private init; }

    /// <summary>Duration of the video by timestamps, in seconds.</summary>
    public double Seconds { get; private init; }

    /// <summary>Reads a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="framesPerSecond">Frame rate of the grid.</param>
    public static async Task<FlvFigures> ReadAsync(string file, int framesPerSecond)
    {
        await using var stream = File.OpenRead(file);
        var (video, audio) = (new List<long>(), new List<long>());
        var (headers, stepsBack, header) = (0, 0, "");
        await foreach (var tag in FlvStreamReader.ReadAsync(stream))
        {
            if (tag.IsConfiguration)
            {
                var text = tag.IsVideo ? Convert.ToHexString(tag.Body.Span) : header;
                headers += text == header ? 0 : 1;
                header = text;
            }
            else if ((tag.IsVideo && tag.Body.Length > 5) || tag.IsAudio)
            {
                var times = tag.IsVideo ? video : audio;
                stepsBack += times.Count > 0 && tag.Timestamp < times[^1] ? 1 : 0;
                times.Add(tag.Timestamp);
            }
        }

        var offGrid = video.Where((time, i) => Math.Abs(time - video[0] - (i * 1000.0 / framesPerSecond)) > 1.01).Count();
        return new FlvFigures
        {
            Frames = video.Count, Headers = headers, StepsBack = stepsBack, LongestVideoStep = LongestStep(video),
            LongestAudioStep = LongestStep(audio), OffGrid = offGrid, Seconds = video.Count == 0 ? 0 : (video[^1] - video[0]) / 1000.0,
        };
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Frames} frames in {Seconds:0.0} s, {Headers} headers, {StepsBack} steps back, {OffGrid} off the grid");

    private static long LongestStep(List<long> times) => times.Zip(times.Skip(1), (a, b) => b - a).DefaultIfEmpty().Max();
}

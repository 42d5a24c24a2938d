using Broadcast.Media;
using Broadcast.Media.Codecs;

namespace Broadcast.Fuzz.Tests.Targets;

/// <summary>Configuration record of a codec: accepted records are within limits, and reading one again yields the same.</summary>
/// <param name="name">Name of its box.</param>
/// <param name="parse">The parser.</param>
internal sealed class ConfigurationTarget(string name, Func<byte[], CodecConfig> parse) : CodecTarget
{
    public override string Name => name;

    public override IReadOnlyList<byte[]> Words { get; } = [[0, 0, 3], [0x67], [0x68], [0x42, 0x01], [0x40, 0x01], [0x44, 0x01], [0xA1],
        [0x81], [0x0A, 0x0B], [0x12, 0x00], [0xE1, 0, 1], [1, 0, 1]];

    /// <summary>Reads a record.</summary>
    public CodecConfig Parse(byte[] record) => parse(record);

    public override void Run(byte[] input, ref Shape shape)
    {
        var config = parse(input);
        Hold(config.Equals(parse(input)) && config.GetHashCode() == parse(input).GetHashCode(),
            "reading the same bytes twice gives two configurations");
        Hold(config.Equals(parse(config.Record.ToArray())), "its own record is another configuration");
        Hold(config.CodecString.Length is > 0 and < 100 && config.CodecString.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-'),
            "a codec string that is none");
        if (config.VideoFormat is { } format)
        {
            Hold(format.Width is >= 1 and <= VideoFormat.MaxSide && format.Height is >= 1 and <= VideoFormat.MaxSide,
                "a format without a size, or over the limit");
            Hold(format.SampleAspectWidth > 0 && format.SampleAspectHeight > 0 && format.DisplayWidth is >= 1 and <= 65_535,
                "an aspect ratio that is none");
            Hold(format.FramesPerSecond is 0 or (>= 0.1 and <= 1000), "a rate that is none");
            shape.Size(format.Width);
            shape.Size(format.Height);
            shape.Kind(format.Color is null ? 0 : 1);
            shape.Kind((int)format.FramesPerSecond / 10);
        }

        if (config.AudioFormat is { } audio)
        {
            Hold(audio.SampleRate is >= 7350 and <= 192_000 * 4 && audio.Channels is >= 1 and <= 255, "an invalid audio format");
            shape.Size(audio.SampleRate);
            shape.Kind(audio.Channels);
        }

        shape.Words(config.CodecString);

        // The same bytes as a sample: only the declared exception may occur.
        if (config.TryInspect(input, out var frame))
        {
            shape.Kind(frame.IsSync ? 1 : 2);
            Hold(frame.Samples >= 0, "a negative number of samples");
            if (frame.IsSync)
            {
                var completed = config.CompleteFrom(input);
                Hold(completed.Equals(parse(completed.Record.ToArray())) || !completed.IsComplete || completed.Kind == TrackKind.Video,
                    "a completed record is another configuration");
            }
        }
    }
}

/// <summary>Samples of each codec, parsed with valid configurations: a kind in the first byte, followed by the sample.</summary>
internal sealed class SampleTarget : CodecTarget
{
    private static readonly Lazy<CodecConfig[]> Configurations = new(() =>
        [.. All.Configurations.SelectMany(t => Seeds.Of(t.Name).Select(s => TryParse(t, s))).Where(c => c is not null).Select(c => c!)]);

    public override string Name => "samples";

    public override IReadOnlyList<byte[]> Words { get; } =
        [[0, 0, 0, 2, 0x65, 1], [0, 0, 0, 3, 0x26, 1, 1], [0x12, 0x00], [0x0A, 0x0B], [0x82, 0x49, 0x83, 0x42], [0x0B, 0x77], [0xFF, 0xF8]];

    public override void Run(byte[] input, ref Shape shape)
    {
        var configurations = Configurations.Value;
        if (input.Length == 0 || configurations.Length == 0)
        {
            return;
        }

        var config = configurations[input[0] % configurations.Length];
        shape.Kind(input[0] % configurations.Length);
        if (config.TryInspect(input.AsSpan(1), out var frame))
        {
            shape.Kind((frame.IsSync ? 1 : 0) + (frame.IsSkipped ? 2 : 0));
            shape.Size(frame.Samples);
            Hold(frame.Samples >= 0, "a negative number of samples");
            if (frame.IsSync && config.CompleteFrom(input.AsSpan(1)) is { VideoFormat: { } format })
            {
                Hold(format.Width is >= 1 and <= VideoFormat.MaxSide && format.Height is >= 1 and <= VideoFormat.MaxSide,
                    "a frame without a size, or over the limit");
            }
        }
    }

    private static CodecConfig? TryParse(ConfigurationTarget target, byte[] seed)
    {
        try
        {
            return target.Parse(seed);
        }
        catch (InvalidCodecConfigException)
        {
            return null;
        }
    }
}

/// <summary>Sequence parameter sets of H.264 and HEVC.</summary>
/// <param name="name">Name of the target.</param>
/// <param name="parse">The parser, which returns width and height.</param>
internal sealed class ParameterSetTarget(string name, Func<byte[], (int Width, int Height)> parse) : CodecTarget
{
    public override string Name => name;

    public override int MaxLength => 512;

    public override IReadOnlyList<byte[]> Words { get; } = [[0, 0, 3], [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0x67, 0x64], [0x42, 0x01]];

    public override void Run(byte[] input, ref Shape shape)
    {
        var (width, height) = parse(input);
        Hold((width, height) == parse(input), "reading the same bytes twice gives two sizes");
        Hold(width is >= 1 and <= VideoFormat.MaxSide && height is >= 1 and <= VideoFormat.MaxSide,
            "a frame without a size, or over the limit");
        shape.Size(width);
        shape.Size(height);
        shape.Kind(input[1]);
    }
}

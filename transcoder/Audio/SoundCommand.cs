using Broadcast.Media;
using Broadcast.Transcoder.Nut;

namespace Broadcast.Transcoder.Audio;

/// <summary>
/// What ffmpeg is asked to do with one track of sound: decode it and encode it as AAC-LC. A value, so that it can be tested without a process. Times go through: a frame that comes out has the time of what is
/// heard when it is decoded, so that the samples which an encoder of AAC puts first (priming) move nothing; where the source's times have holes, or drift, samples are added or left out.
/// </summary>
/// <param name="Input">Path of the Unix socket that the source comes from, as NUT.</param>
/// <param name="Output">Path of the Unix socket that the copy goes to, as NUT.</param>
/// <param name="Decoder">The decoder by name, where the input does not tell; else <see langword="null"/>.</param>
/// <param name="Target">What comes out.</param>
internal sealed record SoundCommand(string Input, string Output, string? Decoder, SoundTarget Target)
{
    /// <summary>Bytes before the fields of a metadata block of FLAC, which FFmpeg does without.</summary>
    private const int BlockHeader = 4;

    /// <summary>The arguments, one by one; no shell reads them.</summary>
    public IReadOnlyList<string> Arguments() =>
    [
        "-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning",

        // It reads from that socket and nothing else, whatever the source may contain.
        "-protocol_whitelist", "unix",
        "-copyts", "-analyzeduration", "100000", "-probesize", "4096",
        .. (IEnumerable<string>)(Decoder is null ? [] : ["-c:a", Decoder]),
        "-f", "nut", "-i", "unix:" + Input,
        "-map", "0:a:0", "-af", Text($"aresample={Target.SampleRate}:async=1000,aformat=channel_layouts={(Target.Channels == 1 ? "mono" : "stereo")}"),
        "-c:a", "aac", "-profile:a", "aac_low", "-b:a", Text($"{Target.BitsPerSecond}"),
        "-f", "nut", "-write_index", "0", "-flush_packets", "1", "unix:" + Output,
    ];

    /// <summary>What goes in, by its NUT header, and the decoder where that does not tell it; <see langword="null"/> for codecs that are not encoded from.</summary>
    public static (NutStream Header, string? Decoder)? Source(Track track) => track.Config switch
    {
        CodecConfig.Aac aac => (Header(track, NutTag.Aac, aac.Record), null),
        CodecConfig.Opus opus => (Header(track, NutTag.Opus, opus.Record), null),
        CodecConfig.Flac flac => (Header(track, NutTag.Flac, flac.Record[BlockHeader..]), null),

        // One number stands for both.
        CodecConfig.Ac3 => (Header(track, NutTag.Ac3, default), "ac3"),
        CodecConfig.Eac3 => (Header(track, NutTag.Ac3, default), "eac3"),
        _ => null,
    };

    /// <summary>How what comes out is configured.</summary>
    /// <exception cref="InvalidCodecConfigException">It is no AAC, or its clock is not its sample rate.</exception>
    public static CodecConfig ConfigurationOf(NutStream header, ReadOnlyMemory<byte> first)
    {
        var config = CodecConfig.Aac.Parse(header.Private.Span);
        return header.Timescale == config.Audio.SampleRate ? config : throw new InvalidCodecConfigException("The clock of encoded sound is not its sample rate.");
    }

    private static NutStream Header(Track track, string tag, ReadOnlyMemory<byte> record) =>
        new(TrackKind.Audio, tag, track.Timescale, record) { SampleRate = track.Config.Sound!.SampleRate, Channels = track.Config.Sound.Channels };

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}

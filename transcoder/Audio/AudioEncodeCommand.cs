using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Transcoder.Nut;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Audio;

/// <summary>
/// The ffmpeg command that decodes one audio track and encodes it as AAC-LC. A value, so tests need no process. Timestamps pass through
/// unchanged: encoder priming does not shift the audio. Where the source's timestamps have holes or drift, samples are added or dropped.
/// </summary>
/// <param name="Input">Address of the socket that delivers the source, as NUT.</param>
/// <param name="Output">Address of the socket that receives the encoded audio, as NUT.</param>
/// <param name="Decoder">Decoder name, if the input does not identify it; otherwise <see langword="null"/>.</param>
/// <param name="Target">Output format.</param>
internal sealed record AudioEncodeCommand(string Input, string Output, string? Decoder, AudioEncodeTarget Target)
{
    /// <summary>Header bytes of a FLAC metadata block, which FFmpeg does not expect.</summary>
    private const int BlockHeader = 4;

    /// <summary>The arguments, one per element; no shell parses them.</summary>
    public IReadOnlyList<string> Arguments() =>
    [
        "-nostdin", "-hide_banner", "-nostats", "-loglevel", "warning",
        "-copyts", "-analyzeduration", "100000", "-probesize", "4096",
        .. (IEnumerable<string>)(Decoder is null ? [] : ["-c:a", Decoder]),
        .. WorkerInput.AudioSocket(Input).Arguments(),
        "-map", "0:a:0", "-af",
        Text($"aresample={Target.SampleRate}:async=1000,aformat=channel_layouts={(Target.Channels == 1 ? "mono" : "stereo")}"),
        "-c:a", "aac", "-profile:a", "aac_low", "-b:a", Text($"{Target.BitsPerSecond}"),
        "-f", "nut", "-write_index", "0", "-flush_packets", "1", Output,
    ];

    /// <summary>
    /// NUT header of the source, and the decoder name if the header does not identify it; <see langword="null"/> for unsupported codecs.
    /// </summary>
    public static (NutStream Header, string? Decoder)? Source(Track track) => track.Config switch
    {
        CodecConfig.Aac aac => (Header(track, NutTag.Aac, aac.Record), null),
        CodecConfig.Opus opus => (Header(track, NutTag.Opus, opus.Record), null),
        CodecConfig.Flac flac => (Header(track, NutTag.Flac, flac.Record[BlockHeader..]), null),

        // NUT has one tag for both codecs.
        CodecConfig.Ac3 => (Header(track, NutTag.Ac3, default), "ac3"),
        CodecConfig.Eac3 => (Header(track, NutTag.Ac3, default), "eac3"),
        _ => null,
    };

    /// <summary>Parses the output's codec configuration.</summary>
    /// <exception cref="InvalidCodecConfigException">The configuration is not AAC, or the timescale is not the sample rate.</exception>
    public static CodecConfig ConfigurationOf(NutStream header, ReadOnlyMemory<byte> first)
    {
        var config = CodecConfig.Aac.Parse(header.Private.Span);
        return header.Timescale == config.Audio.SampleRate ? config
            : throw new InvalidCodecConfigException("The timescale of the encoded audio is not its sample rate.");
    }

    private static NutStream Header(Track track, string tag, ReadOnlyMemory<byte> record) =>
        new(TrackKind.Audio, tag, track.Timescale, record) { SampleRate = track.Config.AudioFormat!.SampleRate,
            Channels = track.Config.AudioFormat.Channels };

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}

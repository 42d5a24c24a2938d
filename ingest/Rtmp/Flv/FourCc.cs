namespace Broadcast.Ingest.Rtmp.Flv;

/// <summary>Codec identifiers of Enhanced RTMP v2: four ASCII characters, big-endian.</summary>
internal static class FourCc
{
    /// <summary>H.264, <c>avc1</c>.</summary>
    public const uint Avc = 0x61766331;

    /// <summary>H.265, <c>hvc1</c>.</summary>
    public const uint Hevc = 0x68766331;

    /// <summary>AV1, <c>av01</c>.</summary>
    public const uint Av1 = 0x61763031;

    /// <summary>VP9, <c>vp09</c>.</summary>
    public const uint Vp9 = 0x76703039;

    /// <summary>AAC, <c>mp4a</c>.</summary>
    public const uint Aac = 0x6D703461;

    /// <summary>Opus, <c>Opus</c>.</summary>
    public const uint Opus = 0x4F707573;

    /// <summary>FLAC, <c>fLaC</c>.</summary>
    public const uint Flac = 0x664C6143;

    /// <summary>AC-3, <c>ac-3</c>.</summary>
    public const uint Ac3 = 0x61632D33;

    /// <summary>Enhanced AC-3, <c>ec-3</c>.</summary>
    public const uint Eac3 = 0x65632D33;

    /// <summary>MP3, <c>.mp3</c>, which is not supported.</summary>
    public const uint Mp3 = 0x2E6D7033;

    /// <summary>Supported video codecs.</summary>
    public static IReadOnlyList<uint> Video { get; } = [Avc, Hevc, Av1, Vp9];

    /// <summary>Supported audio codecs.</summary>
    public static IReadOnlyList<uint> Audio { get; } = [Aac, Opus, Flac, Ac3, Eac3];

    /// <summary>Returns whether a codec is one of <see cref="Video"/>.</summary>
    public static bool IsVideo(uint codec) => codec is Avc or Hevc or Av1 or Vp9;

    /// <summary>Returns whether a codec is one of <see cref="Audio"/>.</summary>
    public static bool IsAudio(uint codec) => codec is Aac or Opus or Flac or Ac3 or Eac3;

    /// <summary>
    /// The four characters. Untrusted characters other than letters, digits, <c>.</c> and <c>-</c> yield <c>an unknown codec</c>.
    /// </summary>
    public static string Name(uint codec)
    {
        Span<char> name = [(char)(codec >> 24), (char)((codec >> 16) & 0xFF), (char)((codec >> 8) & 0xFF), (char)(codec & 0xFF)];
        foreach (var character in name)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('.' or '-'))
            {
                return "an unknown codec";
            }
        }

        return new string(name);
    }
}

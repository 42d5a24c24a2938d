using System.Buffers.Binary;
using System.Globalization;

namespace Broadcast.Media.Codecs;

/// <content>VP9.</content>
public abstract partial record CodecConfig
{
    /// <summary>
    /// VP9: the VPCodecConfigurationRecord of VP codecs in ISO BMFF. It does not contain the frame size, which comes from the first
    /// keyframe (<see cref="CompleteFrom"/>).
    /// </summary>
    public sealed record Vp9 : CodecConfig
    {
        private const int Length = 8;

        // VP9 level table: samples per frame, samples per second, ten times the level.
        private static readonly (long FrameSamples, long SamplesPerSecond, byte Level)[] Levels =
        [
            (36_864, 829_440, 10), (73_728, 2_764_800, 11), (122_880, 4_608_000, 20), (245_760, 9_216_000, 21), (552_960, 20_736_000, 30),
            (983_040, 36_864_000, 31), (2_228_224, 83_558_400, 40), (2_228_224, 160_432_128, 41), (8_912_896, 311_951_360, 50),
            (8_912_896, 588_251_136, 51),
            (35_651_584, 1_176_502_272, 60), (35_651_584, 2_353_004_544, 61), (long.MaxValue, long.MaxValue, 62),
        ];

        private Vp9(ReadOnlyMemory<byte> record, VideoFormat? format) => (Record, VideoFormat) = (record, format);

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Video;

        /// <summary>The record without version and flags, 8 bytes: profile, level, depth and colors.</summary>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <inheritdoc/>
        public override VideoFormat? VideoFormat { get; }

        /// <summary>
        /// Profile, level and bit depth. The optional fields follow when one of them differs from its default (VP codecs in ISO BMFF,
        /// codecs parameter).
        /// </summary>
        public override string CodecString
        {
            get
            {
                var record = Record.Span;
                var color = ColorOf(record);
                var (depth, chroma) = (record[2] >> 4, (record[2] >> 1) & 7);
                var text = string.Create(CultureInfo.InvariantCulture, $"vp09.{record[0]:00}.{record[1]:00}.{depth:00}");
                return chroma <= 1 && color is null or { Primaries: 1, Transfer: 1, Matrix: 1, FullRange: false }
                    ? text
                    : string.Create(CultureInfo.InvariantCulture,
                        $"{text}.{chroma:00}.{record[3]:00}.{record[4]:00}.{record[5]:00}.{record[2] & 1:00}");
            }
        }

        /// <summary>Parses and validates a record, with or without version and flags; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">The record violates VP codecs in ISO BMFF; the message says where.</exception>
        public static Vp9 Parse(ReadOnlySpan<byte> record) => Parse(record, 0, 0);

        /// <summary>Parses and validates a record for a stream with a known frame size, as in a sample entry; 0 when unknown.</summary>
        /// <exception cref="InvalidCodecConfigException">The record violates VP codecs in ISO BMFF, or the frame size exceeds a
        /// limit.</exception>
        public static Vp9 Parse(ReadOnlySpan<byte> record, int width, int height)
        {
            if (record.Length == Length + 4 && record[..4].SequenceEqual((ReadOnlySpan<byte>)[1, 0, 0, 0]))
            {
                record = record[4..];
            }

            if (record.Length != Length || BinaryPrimitives.ReadUInt16BigEndian(record[6..]) != 0)
            {
                throw new InvalidCodecConfigException(
                    $"A VP9 configuration record of {record.Length} bytes is invalid; expected {Length} bytes without initialization data.");
            }

            var (profile, depth, chroma) = (record[0], record[2] >> 4, (record[2] >> 1) & 7);
            if (profile > 3 || depth is not (8 or 10 or 12) || chroma > 3 || (profile < 2) != (depth == 8))
            {
                throw new InvalidCodecConfigException(
                    $"A VP9 configuration record combines profile {profile}, {depth} bits and chroma {chroma}, which is invalid.");
            }

            return record[1] > 62
                ? throw new InvalidCodecConfigException($"A VP9 configuration record has level {record[1]}; the maximum is 62.")
                : new Vp9(record.ToArray(), null).Sized(width, height);
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out FrameInfo frame) => Vp9FrameHeader.TryInspect(payload, out frame);

        /// <inheritdoc/>
        public override CodecConfig CompleteFrom(ReadOnlySpan<byte> syncSample)
        {
            if (!Vp9FrameHeader.TryReadKeyFrame(syncSample, out var header))
            {
                throw new InvalidCodecConfigException("A VP9 keyframe has no header.");
            }

            var old = Record.Span;
            var record = old.ToArray();
            record[0] = (byte)header.Profile;
            record[2] = (byte)((header.BitDepth << 4) | ((header.Chroma == 1 ? Math.Min((old[2] >> 1) & 7, 1) : header.Chroma) << 1)
                | (header.FullRange ? 1 : 0));
            return record.AsSpan().SequenceEqual(old) && VideoFormat is { } known && known.Width == header.Width
                && known.Height == header.Height
                ? this
                : new Vp9(record, null).Sized(header.Width, header.Height);
        }

        /// <summary>Returns whether the record bytes and the frame sizes are equal.</summary>
        public bool Equals(Vp9? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span)
            && Equals(VideoFormat, other.VideoFormat);

        /// <inheritdoc/>
        public override int GetHashCode() => HashCode.Combine(HashOf(Record.Span), VideoFormat);

        /// <summary>
        /// A copy with a frame size. An unspecified level, which players reject, becomes the level of that size at 60 frames per second.
        /// </summary>
        private Vp9 Sized(int width, int height)
        {
            if (width == 0 || height == 0)
            {
                return this;
            }

            if (width is < 0 or > VideoFormat.MaxSide || height is < 0 or > VideoFormat.MaxSide)
            {
                throw new InvalidCodecConfigException(
                    $"A VP9 frame size of {width}x{height} exceeds {VideoFormat.MaxSide} pixels per side.");
            }

            var record = Record.ToArray();
            if (record[1] == 0)
            {
                var samples = (long)width * height;
                record[1] = Array.Find(Levels, level => samples <= level.FrameSamples && samples * 60 <= level.SamplesPerSecond).Level;
            }

            return new Vp9(record, new VideoFormat(width, height, 1, 1, 0, ColorOf(record)));
        }

        private static ColorDescription? ColorOf(ReadOnlySpan<byte> record)
        {
            var fullRange = (record[2] & 1) != 0;
            const uint unknown = AvcSequenceParameterSet.Unspecified;
            return fullRange || record[3] != unknown || record[4] != unknown || record[5] != unknown
                ? new ColorDescription(record[3], record[4], record[5], fullRange)
                : null;
        }
    }
}

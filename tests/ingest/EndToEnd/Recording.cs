using Broadcast.Ingest.Tests.Rtmp;

namespace Broadcast.Ingest.Tests.EndToEnd;

/// <summary>Generates small FLV files.</summary>
internal static class Recording
{
    /// <summary>Generates seconds of video at 25 frames per second with a keyframe each second, and audio.</summary>
    public static byte[] Flv(int seconds, int frameSize = 300)
    {
        var bytes = new List<byte>();
        bytes.AddRange([.. "FLV"u8, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0]);
        void Tag(byte type, uint time, byte[] body)
        {
            bytes.AddRange([type, .. Wire.UInt24((uint)body.Length), .. Wire.UInt24(time), (byte)(time >> 24), 0, 0, 0]);
            bytes.AddRange([.. body, .. Wire.UInt32((uint)body.Length + 11)]);
        }

        Tag(18, 0, [2, 0, 10, .. "onMetaData"u8, 8, 0, 0, 0, 0, 0, 0, 9]);
        Tag(9, 0, [0x17, 0, 0, 0, 0, .. Wire.AvcRecord]);
        Tag(8, 0, [0xAF, 0, .. Wire.AacRecord]);
        var audio = 0;
        for (var frame = 0; frame < seconds * 25; frame++)
        {
            Tag(9, (uint)frame * 40, Wire.VideoBody(frame % 25 == 0, frameSize));
            while (audio * 1024 / 48.0 < (frame + 1) * 40)
            {
                Tag(8, (uint)(audio++ * 1024 / 48.0), [0xAF, 1, 0x21, .. Wire.Filler(199)]);
            }
        }

        return [.. bytes];
    }
}

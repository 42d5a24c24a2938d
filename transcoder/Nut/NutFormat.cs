using System.Text;

namespace Broadcast.Transcoder.Nut;

/// <summary>Shared definitions of the NUT open container format: start codes, flags, numbers and checksums.</summary>
internal static class NutFormat
{
    public const ulong MainHeader = 0x4E4D_7A56_1F5F_04AD;
    public const ulong StreamHeader = 0x4E53_1140_5BF2_F9DB;
    public const ulong Syncpoint = 0x4E4B_E4AD_EECA_4569;
    public const ulong Info = 0x4E49_AB68_B596_BA78;
    public const ulong Index = 0x4E58_DD67_2F23_E64E;

    /// <summary>First byte of every start code; no frame starts with it.</summary>
    public const byte StartByte = (byte)'N';

    /// <summary>Packets longer than this have a header checksum.</summary>
    public const int ShortPacket = 4096;

    /// <summary>Frames longer than this are never written with an elided header.</summary>
    public const int MaxElidedFrame = 4096;

    public const int VideoClass = 0;
    public const int AudioClass = 1;

    /// <summary>"nut/multimedia container" and a zero byte.</summary>
    public static readonly byte[] FileId = Encoding.ASCII.GetBytes("nut/multimedia container\0");

    private static readonly uint[] Table = MakeTable();

    /// <summary>CRC-32 with polynomial 0x04C11DB7, most significant bit first, initial value 0.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes, uint before = 0)
    {
        var crc = before;
        foreach (var value in bytes)
        {
            crc = (crc << 8) ^ Table[(crc >> 24) ^ value];
        }

        return crc;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < 256; i++)
        {
            var crc = i << 24;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc << 1) ^ ((crc >> 31) * 0x04C1_1DB7u);
            }

            table[i] = crc;
        }

        return table;
    }
}

/// <summary>Frame code flags.</summary>
[Flags]
internal enum NutFlags
{
    None = 0,
    Key = 1,
    EndOfRelevance = 2,
    CodedPresent = 8,
    StreamId = 16,
    SizeMsb = 32,
    Checksum = 64,
    Reserved = 128,
    SideData = 256,
    HeaderIndex = 1024,
    MatchTime = 2048,
    Coded = 4096,
    Invalid = 8192,
}

using System.Buffers;
using System.Buffers.Binary;
using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Flv;

namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>Writes messages to the peer. Control messages use chunk stream 2, commands 3, and status messages of a stream 5.</summary>
internal sealed class ReplyWriter(IBufferWriter<byte> output)
{
    private const int ControlStream = 2;
    private const int CommandStream = 3;
    private const int StatusStream = 5;

    /// <summary>Code of the status that requests a reconnect.</summary>
    public const string ReconnectCode = "NetConnection.Connect.ReconnectRequest";

    private readonly ChunkWriter _chunks = new();
    private readonly AmfWriter _amf = new();

    /// <summary>Indicates whether anything was written since this was last set to <see langword="false"/>.</summary>
    public bool HasWritten { get; set; }

    /// <summary>Set Chunk Size (5.4.1), in effect from the next message on.</summary>
    public void SetChunkSize(int size)
    {
        WriteControl(MessageType.SetChunkSize, (uint)size);
        _chunks.ChunkSize = size;
    }

    /// <summary>Acknowledgement (5.4.3): number of received bytes, modulo 2^32.</summary>
    public void Acknowledge(long bytes) => WriteControl(MessageType.Acknowledgement, unchecked((uint)bytes));

    /// <summary>Window Acknowledgement Size (5.4.4).</summary>
    public void WindowAcknowledgementSize(uint bytes) => WriteControl(MessageType.WindowAcknowledgementSize, bytes);

    /// <summary>Set Peer Bandwidth (5.4.5) with limit type 2, dynamic.</summary>
    public void SetPeerBandwidth(uint bytes)
    {
        Span<byte> body = stackalloc byte[5];
        BinaryPrimitives.WriteUInt32BigEndian(body, bytes);
        body[4] = 2;
        Write(ControlStream, MessageType.SetPeerBandwidth, 0, body);
    }

    /// <summary>User Control (6.2): an event and its value.</summary>
    public void UserControl(UserControlEvent kind, uint value)
    {
        Span<byte> body = stackalloc byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(body, (ushort)kind);
        BinaryPrimitives.WriteUInt32BigEndian(body[2..], value);
        Write(ControlStream, MessageType.UserControl, 0, body);
    }

    /// <summary>Reply to <c>connect</c> (7.2.1.1).</summary>
    /// <param name="transaction">Transaction ID of the command.</param>
    /// <param name="enhanced">Whether to declare capabilities beyond RTMP 1.0 (Enhanced RTMP v2).</param>
    public void ConnectAccepted(double transaction, bool enhanced)
    {
        _amf.Clear().Text("_result").Number(transaction);
        using (_amf.Object())
        {
            _amf.Name("fmsVer").Text("FMS/3,5,7,7009").Name("capabilities").Number(31).Name("mode").Number(1);
            if (enhanced)
            {
                _amf.Name("fourCcList").Texts([.. FourCc.Video.Concat(FourCc.Audio).Select(FourCc.Name)]);
                WriteForwardMap("videoFourCcInfoMap", FourCc.Video);
                WriteForwardMap("audioFourCcInfoMap", FourCc.Audio);
                _amf.Name("capsEx").Number((int)Capabilities.Supported);
            }
        }

        using (_amf.Object())
        {
            _amf.Name("level").Text("status").Name("code").Text("NetConnection.Connect.Success")
                .Name("description").Text("Connection succeeded.").Name("objectEncoding").Number(0);
        }

        WriteCommand(CommandStream, 0);
    }

    /// <summary><c>_result</c> with one number, or null.</summary>
    public void Result(double transaction, double? value)
    {
        _amf.Clear().Text("_result").Number(transaction).Null();
        _ = value is { } number ? _amf.Number(number) : _amf.Null();
        WriteCommand(CommandStream, 0);
    }

    /// <summary><c>_error</c>.</summary>
    public void Error(double transaction, string code, string description)
    {
        _amf.Clear().Text("_error").Number(transaction).Null();
        WriteInformation("error", code, description);
        WriteCommand(CommandStream, 0);
    }

    /// <summary><c>onStatus</c> (7.2.2), which encoders display.</summary>
    public void Status(uint stream, bool isError, string code, string description)
    {
        _amf.Clear().Text("onStatus").Number(0).Null();
        WriteInformation(isError ? "error" : "status", code, description);
        WriteCommand(StatusStream, stream);
    }

    /// <summary>Asks the encoder to reconnect at the next keyframe (Enhanced RTMP v2, "Reconnect Request").</summary>
    /// <param name="url">New URL, absolute or relative; <see langword="null"/> for the current one.</param>
    /// <param name="description">Reason, for display.</param>
    public void ReconnectRequest(string? url, string description)
    {
        _amf.Clear().Text("onStatus").Number(0).Null();
        using (_amf.Object())
        {
            if (url is not null)
            {
                _amf.Name("tcUrl").Text(url);
            }

            _amf.Name("code").Text(ReconnectCode).Name("description").Text(description).Name("level").Text("status");
        }

        WriteCommand(CommandStream, 0);
    }

    /// <summary>Call without a reply, such as <c>onFCPublish</c>.</summary>
    public void Call(string name, string code, string description)
    {
        _amf.Clear().Text(name).Number(0).Null();
        WriteInformation("status", code, description);
        WriteCommand(CommandStream, 0);
    }

    private void WriteForwardMap(string name, IReadOnlyList<uint> codecs)
    {
        _amf.Name(name);
        using (_amf.Object())
        {
            foreach (var codec in codecs)
            {
                _amf.Name(FourCc.Name(codec)).Number(Capabilities.CanForward);
            }
        }
    }

    private void WriteInformation(string level, string code, string description)
    {
        using (_amf.Object())
        {
            _amf.Name("level").Text(level).Name("code").Text(code).Name("description").Text(description);
        }
    }

    private void WriteControl(MessageType type, uint value)
    {
        Span<byte> body = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(body, value);
        Write(ControlStream, type, 0, body);
    }

    private void WriteCommand(int chunkStream, uint stream) => Write(chunkStream, MessageType.Command, stream, _amf.Written);

    private void Write(int chunkStream, MessageType type, uint stream, ReadOnlySpan<byte> body)
    {
        _chunks.Write(output, chunkStream, type, stream, 0, body);
        HasWritten = true;
    }
}

/// <summary>Events of User Control messages (Adobe RTMP 1.0, 7.1.7).</summary>
internal enum UserControlEvent : ushort
{
    /// <summary>A stream is ready for use.</summary>
    StreamBegin = 0,

    /// <summary>Request for a ping response.</summary>
    PingRequest = 6,

    /// <summary>Response to a ping request.</summary>
    PingResponse = 7,
}

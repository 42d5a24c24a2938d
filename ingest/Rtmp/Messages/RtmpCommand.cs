using Broadcast.Ingest.Rtmp.Amf;

namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>Command message (Adobe RTMP 1.0, 7.2): a name, a transaction ID and arguments.</summary>
/// <param name="Name">Command name.</param>
/// <param name="Transaction">Transaction ID that the reply refers to; 0 for no reply.</param>
/// <param name="Arguments">Command object and arguments.</param>
/// <param name="Stream">Message stream of the command.</param>
internal sealed record RtmpCommand(string Name, double Transaction, IReadOnlyList<AmfValue> Arguments, uint Stream)
{
    /// <summary>Gets a string argument, or <see langword="null"/>. Index 0 is the command object.</summary>
    public string? GetText(int index) => index < Arguments.Count && Arguments[index] is AmfValue.Text text ? text.Value : null;

    /// <summary>Parses a command.</summary>
    /// <param name="message">Message of type 20 or 17. Type 17 begins with a byte for the AMF version, which is AMF0 there too. Arguments
    /// from the first AMF3 value on are omitted.</param>
    /// <exception cref="RtmpProtocolException">The command is malformed or exceeds a limit.</exception>
    public static RtmpCommand Read(in Broadcast.Ingest.Rtmp.Chunks.RtmpMessage message)
    {
        var body = message.Payload.Span;
        if (message.Type == MessageType.CommandAmf3 && !body.IsEmpty && body[0] == 0)
        {
            body = body[1..];
        }

        var reader = new AmfReader(body);
        if (reader.Read() is not AmfValue.Text name)
        {
            throw RtmpProtocolException.InvalidCommand("A command without a name.");
        }

        double transaction = 0;
        var arguments = new List<AmfValue>(4);
        if (!reader.AtEnd && !reader.AtAmf3 && reader.Read() is AmfValue.Number { Value: var number } && double.IsFinite(number))
        {
            transaction = number;
        }

        while (!reader.AtEnd && !reader.AtAmf3)
        {
            arguments.Add(reader.Read());
        }

        return new RtmpCommand(name.Value, transaction, arguments, message.Stream);
    }
}

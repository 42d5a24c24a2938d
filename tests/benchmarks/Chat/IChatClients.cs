namespace Broadcast.Benchmarks;

/// <summary>Readers and writers of one chat room, in the process of the load generator.</summary>
internal interface IChatClients : IAsyncDisposable
{
    /// <summary>Connects all readers and writers. Afterwards, each reader has read the messages so far and waits for new ones.</summary>
    Task ConnectAsync();

    /// <summary>Sends a message.</summary>
    /// <param name="writer">Number of the writer.</param>
    /// <param name="text">Its text.</param>
    /// <exception cref="Exception">The server has not accepted the message.</exception>
    Task SendAsync(int writer, string text);
}

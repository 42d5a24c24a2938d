using System.Security.Cryptography;
using System.Text;
using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Control;

/// <summary>
/// Who this server is among those that share a database: a random number in its data folder, so that it is the same after a restart. Where the folder cannot keep it, it is another one at each start.
/// </summary>
internal sealed class ServerIdentity(DataFolder folder, ILogger<ServerIdentity> logger)
{
    /// <summary>The file's name in the data folder.</summary>
    public const string FileName = "server-id";

    private const int MostBytes = 100;
    private readonly Lock _lock = new();
    private Guid? _id;

    /// <summary>The server's number. Read from its file when it is first asked for, and made there when there is none that can be read.</summary>
    public Guid Id
    {
        get
        {
            lock (_lock)
            {
                return _id ??= Read() ?? Make(isKept: true);
            }
        }
    }

    /// <summary>This run of it: what tells a server from another that goes by its number.</summary>
    public Guid Run { get; } = Guid.NewGuid();

    /// <summary>What people call it: the machine's name.</summary>
    public string Name { get; } = Environment.MachineName.Length > 255 ? Environment.MachineName[..255] : Environment.MachineName;

    /// <summary>Where it runs, as 64 hexadecimal digits of machine and data folder. A copied folder has the number, but not this.</summary>
    public string Place { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.MachineName}\n{Path.GetFullPath(folder.Path)}")));

    private string Kept => Path.Combine(folder.Path, FileName);

    /// <summary>Takes a new number: the one that it had is another server's.</summary>
    /// <param name="isKept">Whether the file gets it, so that the next start has it, too.</param>
    public void Renew(bool isKept)
    {
        lock (_lock)
        {
            _id = Make(isKept);
        }
    }

    private Guid? Read()
    {
        try
        {
            var file = new FileInfo(Kept);
            if (!file.Exists)
            {
                return null;
            }

            if (file.Length <= MostBytes && Guid.TryParseExact(File.ReadAllText(Kept).Trim(), "D", out var id) && id != Guid.Empty)
            {
                return id;
            }

            ControlLog.ServerIdUnreadable(logger, Kept, "it holds no such number");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ControlLog.ServerIdUnreadable(logger, Kept, e.Message);
        }

        return null;
    }

    private Guid Make(bool isKept)
    {
        var id = Guid.NewGuid();
        if (!isKept || !Directory.Exists(folder.Path))
        {
            return id;
        }

        try
        {
            File.WriteAllText(Kept + ".new", $"{id:D}\n");
            File.Move(Kept + ".new", Kept, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ControlLog.ServerIdNotKept(logger, Kept, e.Message);
        }

        return id;
    }
}

using System.Text;
using System.Text.Json;
using Broadcast.Testing;
using Xunit;

namespace Broadcast.EndToEnd.Tests;

/// <summary>
/// JSON output of the command line: names and types of members, and the values of some, unchanged since earlier versions.
/// </summary>
[SingleServer("The server creates its own database.")]
public sealed class GoldenTests(NewServer created) : IClassFixture<NewServer>
{
    /// <summary>Members with values from a fixed set of words.</summary>
    private static readonly string[] Words =
        ["role", "state", "access", "latency", "ladder", "takeover", "kind", "action", "types", "channel", "channels", "scopes",
            "dvrWindow"];

    [Fact]
    public async Task JSON_output_of_commands_has_golden_members()
    {
        var text = new StringBuilder("--- serve\n");
        Append(text, created.Server.Ready);
        await AddAsync(text, ["channel create golden --title Golden"]);
        await AddAsync(
            text,
            [
                "key create golden --role backup --label van", "viewer-token create golden --label guest",
                "user create jane --role moderator",
                "token create --role producer --label ci --channel golden --scope events:read",
                "webhook create https://example.org/hook --label shop --types event.live --channels golden",
                "event create golden --title Show --start 2031-01-31T20:00 --end 2031-01-31T21:00", "event feed create golden --label Jane",
            ]);
        await AddAsync(
            text,
            [
                "channel list", "channel sessions golden", "key list golden", "viewer-token list golden", "viewer-key list golden",
                "token list",
                "user list", "webhook list", "event list",
                "event feed list", "audit list", "fsck",
            ]);
        Golden.Matches("command-json.txt", text.ToString());
    }

    /// <summary>Runs commands in parallel and appends their output in order.</summary>
    private async Task AddAsync(StringBuilder text, string[] commands)
    {
        var results = await Task.WhenAll(commands.Select(command => created.Server.CommandAsync([.. command.Split(' '), "--json"])));
        foreach (var (command, result) in commands.Zip(results))
        {
            text.Append("--- ").Append(command).Append('\n');
            foreach (var line in result.EnsureSuccess().Output.Split('\n').Where(line => line.Length > 0))
            {
                Append(text, JsonDocument.Parse(line).RootElement);
            }
        }
    }

    /// <summary>Members by path; the elements of an array are combined.</summary>
    private static void Append(StringBuilder text, JsonElement element)
    {
        var lines = new SortedSet<string>(StringComparer.Ordinal);
        Collect(lines, "$", "", element);
        text.AppendJoin('\n', lines).Append('\n');
    }

    private static void Collect(SortedSet<string> lines, string path, string name, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                lines.Add($"{path}: object");
                foreach (var member in element.EnumerateObject())
                {
                    Collect(lines, $"{path}.{member.Name}", member.Name, member.Value);
                }

                break;
            case JsonValueKind.Array:
                lines.Add($"{path}: array");
                foreach (var item in element.EnumerateArray())
                {
                    Collect(lines, path + "[]", name, item);
                }

                break;
            case JsonValueKind.String when Words.Contains(name):
                lines.Add($"{path}: \"{element.GetString()}\"");
                break;
            default:
                lines.Add($"{path}: {element.ValueKind}");
                break;
        }
    }
}

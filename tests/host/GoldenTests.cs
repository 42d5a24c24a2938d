using System.CommandLine;
using System.CommandLine.Help;
using System.Text;
using Broadcast.Host.Commands;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

/// <summary>Help texts of the command line and the options of the configuration, byte for byte as earlier versions printed them.</summary>
public sealed class GoldenTests
{
    [Fact]
    public async Task Help_of_the_program_and_of_every_command_matches_the_golden_file()
    {
        var help = (await RunAsync("--help")).Output;
        var root = Root();
        help.Split("Commands:")[1].Split('\n').Select(line => line.Trim().Split(' ')[0]).Where(name => name.Length > 0)
            .ShouldBe(root.Subcommands.Select(command => command.Name), "the commands of Program.cs");
        var text = new StringBuilder($"### broadcast-server\n{help.TrimEnd()}\n");
        foreach (var command in root.Subcommands)
        {
            Append(text, root, [command.Name], command);
        }

        Golden.Matches("help.txt", text.ToString());
    }

    [Fact]
    public async Task Output_of_config_print_matches_the_golden_files()
    {
        Golden.Matches("config.txt", (await RunAsync("config", "print")).Output);
        var json = (await RunAsync("config", "print", "--json")).Output;
        Golden.Matches("config.json", json.Replace(",\"", ",\n\"", StringComparison.Ordinal));
    }

    /// <summary>Runs the program without options from the environment, in an empty folder.</summary>
    private static async Task<ProcessResult> RunAsync(params string[] arguments)
    {
        using var folder = TempFolder.Create();
        var unset = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("BROADCAST", StringComparison.OrdinalIgnoreCase));
        var result = await ChildProcess.RunAsync(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "broadcast-server.dll"), .. arguments, "--data", folder.Sub("data")],
            environment: unset.ToDictionary(name => name, _ => (string?)null, StringComparer.Ordinal), workingDirectory: folder.Path);
        return result.EnsureSuccess();
    }

    private static void Append(StringBuilder text, RootCommand root, IReadOnlyList<string> path, Command command)
    {
        using var writer = new StringWriter();
        root.Parse([.. path, "--help"]).Invoke(new InvocationConfiguration { Output = writer }).ShouldBe(0);
        var help = writer.ToString().ReplaceLineEndings("\n").Replace(root.Name, "broadcast-server", StringComparison.Ordinal);
        text.Append($"\n### broadcast-server {string.Join(' ', path)}\n{help.TrimEnd()}\n");
        foreach (var sub in command.Subcommands)
        {
            Append(text, root, [.. path, sub.Name], sub);
        }
    }

    /// <summary>Commands of <c>Program.cs</c> in their order.</summary>
    private static RootCommand Root()
    {
        var root = new RootCommand { CommandOutput.Data, CommandOutput.Json };
        foreach (var command in new[]
        {
            ServeCommand.Create("up", "Start everything", isUp: true), ServeCommand.Create("serve", "Start the server", isUp: false),
            ChannelCommand.Create(), KeyCommand.Create(),
            ViewerTokenCommand.Create(), ViewerKeyCommand.Create(), RecordingCommand.Create(), EventCommand.Create(), ChatCommand.Create(),
            ServerCommand.Create(), TokenCommand.Create(),
            UserCommand.Create(),
            AuditCommand.Create(), WebhookCommand.Create(), TargetCommand.Create(),
            DemoCommand.Create(), LoadCommand.Create(), DoctorCommand.Create(), ConfigCommand.Create(), FsckCommand.Create(),
            BackupCommand.CreateBackup(), BackupCommand.CreateRestore(),
        })
        {
            root.Subcommands.Add(command);
        }

        // Lines are not wrapped at any terminal width.
        ((HelpAction)root.Options.OfType<HelpOption>().Single().Action!).MaxWidth = int.MaxValue;
        return root;
    }
}

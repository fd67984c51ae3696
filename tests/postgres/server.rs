//! A PostgreSQL server for the tests: a folder of its own, a Unix socket, no network.
//!
//! One server serves a test program; every test has databases of its own in it. A shell starts it and waits
//! at a pipe that the test program holds. However the program ends, the pipe closes, and the shell stops its
//! server and removes the folder.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// `require` makes a missing server a failure, `skip` leaves these tests out.
const VARIABLE: &str = "DBFENCE_POSTGRES";

/// The programs that have to stand in one folder.
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "psql"];

/// Where packages put them: the folder that holds one folder for each version.
const PACKAGES: &str = "/usr/lib/postgresql";

/// The superuser of the server.
pub(crate) const SUPERUSER: &str = "postgres";

/// Starts a server in a new folder, says where, and stops it when its input ends. `$1` is the folder of the
/// programs.
const KEEPER: &str = r#"
set -eu
programs=$1
folder=$(mktemp -d "${TMPDIR:-/tmp}/dbfence-postgres.XXXXXX" 2>/dev/null || mktemp -d /tmp/dbfence-postgres.XXXXXX)
server=
finish() {
    if [ -n "$server" ]; then
        kill -INT "$server" 2>/dev/null || :
        wait "$server" || :
    fi
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
# Without a reader, what is printed below is an error and no death.
trap '' PIPE
cd "$folder"
if ! "$programs/initdb" --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync \
    >log 2>&1; then
    cat log >&2
    exit 1
fi
"$programs/postgres" -D data -k "$folder" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
    -c full_page_writes=off -c autovacuum=off -c log_line_prefix='<%d>' </dev/null >log 2>&1 &
server=$!
until "$programs/psql" -X -q -h "$folder" -U postgres -c '' postgres 2>/dev/null; do
    if ! kill -0 "$server" 2>/dev/null; then
        cat log >&2
        exit 1
    fi
    sleep 0.02
done
printf '%s\n' "$folder"
read -r _ || :
"#;

/// A running server.
pub(crate) struct Server {
    /// The folder of its programs.
    programs: PathBuf,
    /// The folder of its socket, its log and its data.
    folder: PathBuf,
    /// Its major version.
    pub(crate) version: u32,
    /// How many databases were created.
    databases: AtomicUsize,
}

/// What `psql` said.
#[derive(Debug)]
pub(crate) struct Said {
    /// What it printed, without the line break at its end.
    pub(crate) out: String,
    /// Its errors and notices.
    pub(crate) errors: String,
    /// Whether it ended well.
    pub(crate) is_well: bool,
}

impl Said {
    /// The SQLSTATE of the first error.
    pub(crate) fn sqlstate(&self) -> Option<&str> {
        let (_, behind) = self.errors.split_once("ERROR:  ")?;
        behind.get(..5)
    }
}

/// The server of this test program, started by the first test that asks. Without PostgreSQL there is none,
/// and standard error says once that these tests are skipped.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match Server::start() {
        Ok(server) => Some(server),
        Err(why) => {
            assert!(wish() != "require", "{VARIABLE} is `require`, but {why}");
            // The macros that print are captured in tests.
            let _ = writeln!(
                std::io::stderr(),
                "the tests with a real PostgreSQL are skipped: {why}"
            );
            None
        }
    });
    server.as_ref()
}

fn wish() -> String {
    std::env::var(VARIABLE).unwrap_or_default()
}

impl Server {
    fn start() -> Result<Self, String> {
        if wish() == "skip" {
            return Err(format!("{VARIABLE} is `skip`"));
        }
        let programs = programs().ok_or("no folder holds `initdb`, `postgres` and `psql`")?;
        let mut keeper = shell()?;
        let mut keeper = keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(&programs)
            // An interrupt from the keyboard ends the tests, and their end ends the server.
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("a shell does not start: {error}"))?;
        let mut folder = String::new();
        let said = BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut folder);
        if said.is_err() || folder.is_empty() {
            return Err("the server does not start".to_owned());
        }
        // The pipe stays open for as long as the program runs.
        std::mem::forget(keeper.stdin.take());
        thread::spawn(move || keeper.wait());
        let mut server = Self {
            programs,
            folder: PathBuf::from(folder.trim_end()),
            version: 0,
            databases: AtomicUsize::new(0),
        };
        let version = server.ask("postgres", "SHOW server_version_num");
        server.version = version.parse::<u32>().unwrap() / 10_000;
        Ok(server)
    }

    /// Creates an empty database and gives its name.
    pub(crate) fn database(&self) -> String {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.ask("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Runs a script in a database as the image's entrypoint does: it ends at the first error.
    pub(crate) fn run(&self, database: &str, script: &str) -> Said {
        self.psql(database, &["-v", "ON_ERROR_STOP=1"], script)
    }

    /// What a script that has no error prints: rows of values that are separated by `|`.
    pub(crate) fn ask(&self, database: &str, script: &str) -> String {
        let said = self.run(database, script);
        assert!(said.is_well, "{script}\n{}", said.errors);
        said.out
    }

    /// Runs a script in a database with further arguments for `psql`.
    pub(crate) fn psql(&self, database: &str, arguments: &[&str], script: &str) -> Said {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "VERBOSITY=verbose"])
            .arg("-h")
            .arg(&self.folder)
            .args(["-U", SUPERUSER, "-d", database])
            .args(arguments)
            .args(["-f", "-"])
            .env("PGCLIENTENCODING", "UTF8")
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut psql = psql.spawn().unwrap();
        let mut input = psql.stdin.take().unwrap();
        let script = script.to_owned();
        let writer = thread::spawn(move || {
            // `psql` closes its input early where it stops at an error.
            let _ = input.write_all(script.as_bytes());
        });
        let output = psql.wait_with_output().unwrap();
        writer.join().unwrap();
        Said {
            out: text(output.stdout).trim_end_matches('\n').to_owned(),
            errors: text(output.stderr),
            is_well: output.status.success(),
        }
    }

    /// What the server was sent by sessions in that database which log every statement, in order.
    pub(crate) fn log_of(&self, database: &str) -> Vec<String> {
        let log = fs::read(self.folder.join("log")).unwrap();
        let log = text(log);
        let marker = format!("<{database}>LOG:  statement: ");
        let mut entries: Vec<String> = Vec::new();
        let mut is_inside = false;
        for line in log.split('\n') {
            if let Some(first) = line.strip_prefix(&marker) {
                entries.push(first.to_owned());
                is_inside = true;
            } else if let Some(next) = line.strip_prefix('\t').filter(|_| is_inside) {
                let entry = entries.last_mut().unwrap();
                entry.push('\n');
                entry.push_str(next);
            } else {
                is_inside = false;
            }
        }
        entries
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// The folder of the programs: one that is on the path, the one that `pg_config` names, or the newest
/// package's.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(PathBuf::from(text(output.stdout).trim()));
    }
    let versions = fs::read_dir(PACKAGES).into_iter().flatten().flatten();
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.path()).collect();
    let number = |folder: &PathBuf| -> Option<u32> { folder.file_name()?.to_str()?.parse().ok() };
    versions.sort_by_key(|folder| std::cmp::Reverse(number(folder)));
    folders.extend(versions.into_iter().map(|folder| folder.join("bin")));
    let holds_all = |folder: &PathBuf| PROGRAMS.iter().all(|name| folder.join(name).is_file());
    folders.into_iter().find(holds_all)
}

/// A shell that runs as an ordinary user: the server refuses to run as root.
fn shell() -> Result<Command, String> {
    let mut shell = Command::new("sh");
    if number_of(&["-u"]) == Some(0) {
        let ordinary = ["postgres", "nobody"].into_iter().find_map(|user| {
            let (user, group) = (number_of(&["-u", user])?, number_of(&["-g", user])?);
            Some((user, group))
        });
        let (user, group) =
            ordinary.ok_or("there is no user `postgres` or `nobody` to run it as")?;
        shell.uid(user).gid(group);
    }
    Ok(shell)
}

/// The number that `id` prints.
fn number_of(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    text(output.stdout).trim().parse().ok()
}

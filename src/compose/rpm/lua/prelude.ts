// SPDX-License-Identifier: Apache-2.0
/**
 * The part of a scriptlet's environment that is written in Lua: it binds the host's functions to the tables `posix`,
 * `rpm` and `os`, and makes of them what works with handles (`io`, rpm.open), objects (rpm.ver) and iterators.
 */
export const prelude = String.raw`
local names = ...
local call = host
host = nil

local function bind(library, into)
  for _, name in ipairs(names[library]) do
    local full = library .. "." .. name
    into[name] = function(...) return call(full, ...) end
  end
  return into
end
posix = bind("posix", {})
rpm = bind("rpm", {})
bind("os", os)
os.setlocale = function() return "C" end
posix.version = "posix library for " .. _VERSION

function print(...)
  local texts = table.pack(...)
  for i = 1, texts.n do texts[i] = tostring(texts[i]) end
  call("io.print", table.concat(texts, "\t", 1, texts.n) .. "\n")
end

-- io: handles with a buffer of what was read ahead
local File = {}
File.__index = File
File.__name = "FILE*"
File.__tostring = function(self) return self.fd and "file (open)" or "file (closed)" end

local function handle(fd) return setmetatable({ fd = fd, ahead = "" }, File) end
local function number(self)
  return self.fd or error("attempt to use a closed file", 3)
end
local function fill(self)
  local piece = call("io.read", number(self), 65536)
  self.ahead = self.ahead .. piece
  return piece ~= ""
end
local function settle(self)
  if self.ahead ~= "" then call("io.seek", number(self), "cur", -#self.ahead) end
  self.ahead = ""
end
local function takeLine(self, keep)
  local from = 1
  while true do
    local at = self.ahead:find("\n", from, true)
    if at then
      local line = self.ahead:sub(1, keep and at or at - 1)
      self.ahead = self.ahead:sub(at + 1)
      return line
    end
    from = #self.ahead + 1
    if not fill(self) then break end
  end
  local rest = self.ahead
  self.ahead = ""
  if rest ~= "" then return rest end
end
local function takeBytes(self, count)
  while #self.ahead < count and fill(self) do end
  if self.ahead == "" and not (count == 0 and fill(self)) then return nil end
  local piece = self.ahead:sub(1, count)
  self.ahead = self.ahead:sub(count + 1)
  return piece
end
local function takeAll(self)
  while fill(self) do end
  local all = self.ahead
  self.ahead = ""
  return all
end
local function takeNumber(self)
  while self.ahead:find("^%s*[%+%-%.%w]*$") and fill(self) do end
  self.ahead = self.ahead:match("^%s*(.*)$")
  local text = self.ahead:match("^[%+%-]?%.?%d[%w%.]*")
  if not text then return nil end
  self.ahead = self.ahead:sub(#text + 1)
  return tonumber(text)
end
local function take(self, format)
  if type(format) == "number" then return takeBytes(self, format) end
  local letter = tostring(format):gsub("^%*", ""):sub(1, 1)
  if letter == "l" then return takeLine(self, false) end
  if letter == "L" then return takeLine(self, true) end
  if letter == "a" then return takeAll(self) end
  if letter == "n" then return takeNumber(self) end
  error("bad argument #1 to 'read' (invalid format)", 3)
end
function File:read(...)
  number(self)
  local formats = table.pack(...)
  if formats.n == 0 then return takeLine(self, false) end
  local results = {}
  for i = 1, formats.n do
    results[i] = take(self, formats[i])
    if results[i] == nil then return table.unpack(results, 1, i) end
  end
  return table.unpack(results, 1, formats.n)
end
function File:lines(...)
  local formats = table.pack(...)
  return function() return self:read(table.unpack(formats, 1, formats.n)) end
end
function File:write(...)
  settle(self)
  for i = 1, select("#", ...) do
    local done, message, code = call("io.write", number(self), tostring((select(i, ...))))
    if not done then return nil, message, code end
  end
  return self
end
function File:seek(whence, offset)
  settle(self)
  return call("io.seek", number(self), whence or "cur", offset or 0)
end
function File:flush() number(self) return self end
function File:setvbuf() return true end
function File:close()
  if self == io.stdout or self == io.stderr then return nil, "cannot close standard file" end
  local fd = number(self)
  self.fd = nil
  if self.finish then return self.finish(fd) end
  return call("io.close", fd)
end
File.__gc = nil

io = { stdin = handle(0), stdout = handle(1), stderr = handle(2) }
function io.open(path, mode)
  local fd, message, code = call("io.open", path, mode or "r")
  if not fd then return nil, message, code end
  return handle(fd)
end
function io.close(file) return (file or io.stdout):close() end
function io.type(file)
  if getmetatable(file) ~= File then return nil end
  return file.fd and "file" or "closed file"
end
local current = { input = io.stdin, output = io.stdout }
local function choose(which, mode)
  return function(file)
    if type(file) == "string" then
      local opened, message = io.open(file, mode)
      current[which] = opened or error(message, 2)
    elseif file ~= nil then
      current[which] = file
    end
    return current[which]
  end
end
io.input = choose("input", "r")
io.output = choose("output", "w")
function io.read(...) return current.input:read(...) end
function io.write(...) return current.output:write(...) end
function io.lines(path, ...)
  if path == nil then return current.input:lines(...) end
  local file, message = io.open(path, "r")
  if not file then error("cannot open file '" .. path .. "' (" .. message:sub(#path + 3) .. ")", 2) end
  return file:lines(...)
end
function io.tmpfile()
  local _, file = posix.mkstemp("/tmp/lua_XXXXXX")
  return file
end
function io.popen(command, mode)
  local fd, message, code = call("io.popen", command, mode or "r")
  if not fd then return nil, message, code end
  local file = handle(fd)
  file.finish = function(number) return call("io.pclose", number) end
  return file
end

function dofile(path)
  local chunk, message = loadfile(path)
  return (chunk or error(message, 2))()
end
function loadfile(path, mode, env)
  local file, message = io.open(path, "r")
  if not file then return nil, "cannot open " .. message end
  local text = file:read("a")
  file:close()
  return load(text:gsub("^#[^\n]*", ""), "@" .. path, mode, env or _G)
end
local loaded = { posix = posix, rpm = rpm, io = io, os = os, string = string, table = table, math = math }
package = { loaded = loaded, path = "/usr/lib/rpm/lua/?.lua" }
function require(name)
  if loaded[name] == nil then
    local chunk, message = loadfile((package.path:gsub("%?", (name:gsub("%.", "/")))))
    if not chunk then error("module '" .. name .. "' not found: " .. message, 2) end
    loaded[name] = chunk(name) or true
  end
  return loaded[name]
end

-- posix
function posix.files(path)
  local list, message, code = posix.dir(path)
  if not list then return nil, message, code end
  local index = 0
  return function() index = index + 1 return list[index] end
end
function posix.mkstemp(pattern)
  local path, fd, code = call("io.mkstemp", pattern)
  if not path then return nil, fd, code end
  return path, handle(fd)
end

-- rpm
local Stream = { __name = "rpm.fd" }
Stream.__index = Stream
Stream.__tostring = function(self) return "rpm.fd " .. self.path end
function rpm.open(path, mode)
  local fd, message, code = call("rpm.open", path, mode or "r")
  if not fd then return nil, message, code end
  return setmetatable({ file = handle(fd), path = path }, Stream)
end
function Stream:read(count)
  if count then return takeBytes(self.file, count) or "" end
  return takeAll(self.file)
end
function Stream:write(text, count)
  settle(self.file)
  local piece = count and text:sub(1, count) or text
  return call("io.write", number(self.file), piece)
end
function Stream:seek(whence, offset) return self.file:seek(whence, offset) end
function Stream:flush() return 0 end
function Stream:close() self.file:close() return 0 end
function Stream:reopen(mode) self.file:close() return rpm.open(self.path, mode) end

local Version = { __name = "rpm.ver" }
function Version:__index(key)
  if key ~= "e" and key ~= "v" and key ~= "r" then error("invalid attribute: " .. tostring(key), 2) end
  return rawget(self, "_" .. key)
end
local function evr(self)
  local text = rawget(self, "_v")
  if rawget(self, "_e") then text = rawget(self, "_e") .. ":" .. text end
  if rawget(self, "_r") then text = text .. "-" .. rawget(self, "_r") end
  return text
end
Version.__tostring = evr
Version.__eq = function(a, b) return rpm.vercmp(evr(a), evr(b)) == 0 end
Version.__lt = function(a, b) return rpm.vercmp(evr(a), evr(b)) < 0 end
Version.__le = function(a, b) return rpm.vercmp(evr(a), evr(b)) <= 0 end
function rpm.ver(...)
  local count = select("#", ...)
  local e, v, r = ...
  if count == 1 then
    local text = tostring(e)
    e, text = text:match("^(%d*):(.*)$")
    if not text then e, text = nil, tostring((...)) end
    if e == "" then e = "0" end
    v, r = text:match("^(.*)%-([^%-]*)$")
    if not v then v, r = text, nil end
  elseif count ~= 3 then
    error("invalid number of arguments: " .. count, 2)
  end
  local text = function(value) return value ~= nil and tostring(value) or nil end
  return setmetatable({ _e = text(e), _v = text(v), _r = text(r) }, Version)
end

macros = setmetatable({}, {
  __index = function(_, name)
    if rpm.isdefined(name) then return rpm.expand("%{" .. name .. "}") end
  end,
  __newindex = function(_, name, body)
    if body == nil then rpm.undefine(name) else rpm.define(name .. " " .. body) end
  end,
})
`;
